import { generateKeyPairSync, sign } from 'node:crypto';
import { expect } from 'chai';
import { algorithmIdentifier, generateKeys, type KeyType } from '../../src/demo/signing.ts';
import { CertificateError } from '../../src/errors.ts';
import { readAlgorithmIdentifier } from '../../src/pki/algorithm-identifier.ts';
import { DerCursor } from '../../src/pki/der.ts';
import { type PublicKey, readPublicKey } from '../../src/pki/public-key.ts';
import { type SignedOctets, verifySignature } from '../../src/pki/signature.ts';
import { expectRefusal } from '../support/refusal.ts';

const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
const read = (spki: Uint8Array): PublicKey => readPublicKey(new DerCursor(spki));
const spkiOf = (type: KeyType): Buffer => generateKeys(type).publicKey.export({ type: 'spki', format: 'der' });
const refused = (spki: Uint8Array) =>
  expectRefusal(() => read(spki).description, CertificateError, 'CERT_ALGORITHM_REFUSED');

/** An explicitly encoded P-256 key: the same octets as OpenSSL writes with `-param_enc explicit`. */
function explicitP256(point: Buffer, generator = GENERATOR): Buffer {
  const field = fromHex(`302c06072a8648ce3d0101022100${P}`);
  const curve = fromHex(`30440420${A}0420${B}`);
  const rest = fromHex(`044104${generator}022100${N}020101`);
  const parameters = tlv(0x30, Buffer.concat([fromHex('020101'), field, curve, rest]));
  const algorithm = tlv(0x30, Buffer.concat([fromHex('06072a8648ce3d0201'), parameters]));
  return tlv(0x30, Buffer.concat([algorithm, tlv(0x03, Buffer.concat([Buffer.of(0), point]))]));
}

function tlv(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** FIPS 186-4 D.1.2.3 */
const P = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
const A = 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc';
const B = '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b';
const N = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const GENERATOR =
  '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';

describe('RFC 5280 4.1.2.7: subject public keys', () => {
  it('are known by kind and strength', () => {
    expect(read(spkiOf('P-256')).description).to.deep.equal({ type: 'ec', curve: 'P-256' });
    expect(read(spkiOf('brainpoolP256r1')).description).to.deep.equal({ type: 'ec', curve: 'brainpoolP256r1' });
    expect(read(spkiOf('Ed25519')).description).to.deep.equal({ type: 'ed25519' });
    expect(read(spkiOf('RSA-1024')).description).to.deep.equal({ type: 'rsa', modulusBits: 1024 });
  });

  it('of other kinds are refused', async () => {
    await refused(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }));
    await refused(
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ type: 'spki', format: 'der' }),
    );
    await refused(
      generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' }),
    );
  });

  it('RFC 3279 2.3.1: an RSA key has NULL parameters, and a modulus and an exponent of their form', async () => {
    const spki = spkiOf('RSA-1024');
    const at = spki.indexOf(fromHex('0500'));
    await refused(
      Buffer.concat(
        [spki.subarray(0, at), fromHex('0201'), spki.subarray(at + 2)].map((part, i) =>
          i === 1 ? fromHex('3000') : part,
        ),
      ),
    );
    const exponent = Buffer.from(spki);
    exponent[exponent.length - 1] = 0x02;
    await refused(exponent);
  });

  it('a point that is not on its curve is refused', async () => {
    const spki = spkiOf('P-256');
    spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
    await expectRefusal(() => read(spki).keyObject, CertificateError, 'CERT_ALGORITHM_REFUSED');
  });

  it('RFC 5480 2.2: a point of the hybrid form is refused', async () => {
    const spki = spkiOf('P-256');
    const form = spki.length - 65;
    spki[form] = 0x06 | ((spki.at(-1) ?? 0) & 1);
    await refused(spki);
  });

  it('RFC 3279 2.3.5: explicit parameters count when they are those of a known curve', () => {
    const { publicKey, privateKey } = generateKeys('P-256');
    const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    const key = read(explicitP256(point));
    expect(key.description).to.deep.equal({ type: 'ec', curve: 'P-256' });
    const octets = Buffer.from('signed');
    const algorithm = readAlgorithmIdentifier(new DerCursor(algorithmIdentifier('ecdsa-with-SHA256')));
    expect(
      verifySignature({ algorithm, octets, signature: sign('sha256', octets, privateKey) }, key, 'default'),
    ).to.equal(true);
  });

  it('CVE-2020-0601: with another generator they do not', async () => {
    const { publicKey } = generateKeys('P-256');
    const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    await refused(explicitP256(point, point.subarray(1).toString('hex')));
  });
});

describe('RFC 5280 4.1.1.3: signatures', () => {
  const octets = Buffer.from('signed');
  const rsa = generateKeys('RSA-2048');
  const ec = generateKeys('P-256');
  const rsaKey = read(rsa.publicKey.export({ type: 'spki', format: 'der' }));
  const ecKey = read(ec.publicKey.export({ type: 'spki', format: 'der' }));
  const signed = (algorithmHex: string, signature: Buffer): SignedOctets => ({
    algorithm: readAlgorithmIdentifier(new DerCursor(fromHex(algorithmHex))),
    octets,
    signature,
  });
  const RSA_SHA256 = '300d06092a864886f70d01010b0500';
  const ECDSA_SHA256 = '300a06082a8648ce3d040302';

  it('RFC 4055 5: RSA parameters are NULL or absent, and nothing else', async () => {
    const signature = sign('sha256', octets, rsa.privateKey);
    expect(verifySignature(signed(RSA_SHA256, signature), rsaKey, 'default')).to.equal(true);
    expect(verifySignature(signed('300b06092a864886f70d01010b', signature), rsaKey, 'default')).to.equal(true);
    const step = () => verifySignature(signed('300e06092a864886f70d01010b020100', signature), rsaKey, 'default');
    await expectRefusal(step, CertificateError, 'CERT_ALGORITHM_REFUSED');
  });

  it('RFC 5758 3.2: ECDSA parameters are absent, or NULL as the CA of Finnish cards writes, and nothing else', async () => {
    const signature = sign('sha256', octets, ec.privateKey);
    expect(verifySignature(signed(ECDSA_SHA256, signature), ecKey, 'default')).to.equal(true);
    expect(verifySignature(signed('300c06082a8648ce3d0403020500', signature), ecKey, 'default')).to.equal(true);
    const step = () => verifySignature(signed('300d06082a8648ce3d040302020100', signature), ecKey, 'default');
    await expectRefusal(step, CertificateError, 'CERT_ALGORITHM_REFUSED');
  });

  it('by a key of another kind do not verify', () => {
    expect(verifySignature(signed(ECDSA_SHA256, sign('sha256', octets, ec.privateKey)), rsaKey, 'default')).to.equal(
      false,
    );
    expect(verifySignature(signed(RSA_SHA256, sign('sha256', octets, rsa.privateKey)), ecKey, 'default')).to.equal(
      false,
    );
  });

  it('of unknown algorithms are refused', async () => {
    const step = () =>
      verifySignature(signed('300506038837010500'.replace('3005', '3007'), Buffer.alloc(1)), rsaKey, 'legacy');
    await expectRefusal(step, CertificateError, 'CERT_ALGORITHM_REFUSED');
  });
});
