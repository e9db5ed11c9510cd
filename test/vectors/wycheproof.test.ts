import { CertificateError } from '../../src/errors.ts';
import { readAlgorithmIdentifier } from '../../src/pki/algorithm-identifier.ts';
import { DerCursor } from '../../src/pki/der.ts';
import { readPublicKey } from '../../src/pki/public-key.ts';
import { type SignedOctets, verifySignature } from '../../src/pki/signature.ts';
import { expectAgreement, type VectorResult } from '../support/score.ts';
import { vectors } from '../support/vectors.ts';

interface SignatureSuite {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

const ECDSA_SHA256 = '300a06082a8648ce3d040302';
const ECDSA_SHA384 = '300a06082a8648ce3d040303';
const RSA_SHA256 = '300d06092a864886f70d01010b0500';
/** SHA-256, MGF1 with SHA-256, a salt of 32 octets. */
const PSS_SHA256 =
  '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120';

/** Each suite, the AlgorithmIdentifier that goes with it, and how it writes r and s. */
const SUITES: readonly (readonly [string, string, SignedOctets['ecdsaForm']])[] = [
  ['ecdsa_secp256r1_sha256_test', ECDSA_SHA256, 'der'],
  ['ecdsa_brainpoolP256r1_sha256_test', ECDSA_SHA256, 'der'],
  ['ecdsa_secp256r1_sha256_p1363_test', ECDSA_SHA256, 'ieee-p1363'],
  ['ecdsa_secp384r1_sha384_p1363_test', ECDSA_SHA384, 'ieee-p1363'],
  ['rsa_signature_2048_sha256_test', RSA_SHA256, 'der'],
  ['rsa_pss_2048_sha256_mgf1_32_test', PSS_SHA256, 'der'],
];

const fromHex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('vectors: Wycheproof', () => {
  for (const [name, algorithmDer, ecdsaForm = 'der'] of SUITES) {
    it(name, function () {
      // The suite's README describes this form.
      const suite = vectors(`wycheproof/${name}.json`) as SignatureSuite | undefined;
      if (suite === undefined) return this.skip();
      const algorithm = readAlgorithmIdentifier(new DerCursor(fromHex(algorithmDer)));
      const results = suite.testGroups.flatMap(({ publicKeyDer, tests }) => {
        const key = readPublicKey(new DerCursor(fromHex(publicKeyDer)));
        return tests.flatMap(({ tcId, msg, sig, result }): readonly VectorResult[] => {
          if (result === 'acceptable') return [];
          const signed = { algorithm, octets: fromHex(msg), signature: fromHex(sig), ecdsaForm };
          let accepted = false;
          try {
            accepted = verifySignature(signed, key, 'default');
          } catch (error) {
            if (!(error instanceof CertificateError)) throw error;
          }
          return [{ id: `${name} ${tcId}`, accepted, shouldAccept: result === 'valid' }];
        });
      });
      expectAgreement(`Wycheproof ${name}`, results);
    });
  }
});
