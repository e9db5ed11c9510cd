import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { enabledAlgorithms, securityFeatures } from '../../src/oidc/security-features.ts';

const subjectKey = (octet: number) => createSecretKey(Buffer.alloc(32, octet));

describe('what protects requests, tokens and answers', () => {
  it('RFC 9449 8: a nonce of one process is good at another, and says nothing of the key that it comes from', () => {
    const secretOf = (octet: number) => securityFeatures(subjectKey(octet)).dPoP.nonceSecret;
    expect(secretOf(1)).to.have.lengthOf(32).and.to.deep.equal(secretOf(1));
    expect(secretOf(1)).to.not.deep.equal(secretOf(2)).and.to.not.deep.equal(Buffer.alloc(32, 1));
  });

  it('is offered for keys that can sign, and for no others', () => {
    const { idTokenSigningAlgValues, authorizationSigningAlgValues } = enabledAlgorithms({
      keys: [
        { kty: 'EC', crv: 'P-256', alg: 'ES256', x: 'x', y: 'y', d: 'd' },
        { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', x: 'x' },
        { kty: 'RSA', alg: 'RS256', n: 'n', e: 'AQAB', d: 'd' },
      ],
    });
    expect(idTokenSigningAlgValues).to.deep.equal(['ES256', 'RS256']);
    expect(authorizationSigningAlgValues).to.deep.equal(['ES256']);
  });

  it('is never symmetric, never unsigned, never RSAES-PKCS1-v1_5 or CBC', () => {
    const algorithms = Object.values(enabledAlgorithms({ keys: [] })).flat();
    expect(
      algorithms.filter((algorithm) => /^(?:HS|none|RSA1_5|dir|A\d+KW|.*CBC)/.test(String(algorithm))),
    ).to.deep.equal([]);
  });
});
