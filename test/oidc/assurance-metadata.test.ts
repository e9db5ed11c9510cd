import { expect } from 'chai';
import type { DocumentProfile } from '../../src/identity/document-profile.ts';
import { assuranceAbilities, assuranceMetadata } from '../../src/oidc/assurance-metadata.ts';
import { TEST_PROFILE } from '../support/document.ts';

const name = (language: string) => ({ in: 'subject', oid: '2.5.4.42', language, optional: true }) as const;
const CARD: DocumentProfile = {
  ...TEST_PROFILE,
  givenName: [...TEST_PROFILE.givenName, name('ar'), name('zgh-Tfng')],
  document: { type: 'idcard', issuingState: 'MAR' },
  trustFramework: 'ma_cnie',
};

describe('OpenID Connect for Identity Assurance 1.0, 6: what discovery says', () => {
  it('is what the accepted documents yield, each once', () => {
    const passport = { ...CARD, document: { type: 'passport', issuingState: 'DZA' }, trustFramework: 'dz' } as const;
    expect(assuranceAbilities([CARD, passport, CARD])).to.deep.include({
      trustFrameworks: ['ma_cnie', 'dz'],
      documentTypes: ['idcard', 'passport'],
    });
    const metadata = assuranceMetadata(assuranceAbilities([CARD]));
    expect(metadata).to.deep.include({
      verified_claims_supported: true,
      trust_frameworks_supported: ['ma_cnie'],
      evidence_supported: ['document', 'electronic_signature'],
      documents_supported: ['idcard'],
    });
    expect(metadata.claims_locales_supported).to.include.members(['ar', 'zgh-Tfng']);
    expect(metadata.claims_in_verified_claims_supported).to.include.members(['given_name#zgh-Tfng', 'national_id']);
  });
  it('has no document where no profile tells of one', () => {
    const metadata = assuranceMetadata(assuranceAbilities([{ ...TEST_PROFILE, trustFramework: 'ma_cnie' }]));
    expect(metadata).to.deep.include({ evidence_supported: ['electronic_signature'] });
    expect(metadata).to.not.have.property('documents_supported');
  });
  it('is that there are none, without a trust framework', () => {
    expect(assuranceMetadata(assuranceAbilities([TEST_PROFILE]))).to.deep.equal({
      claims_locales_supported: ['ar'],
      verified_claims_supported: false,
    });
    expect(assuranceMetadata(assuranceAbilities([]))).to.deep.equal({ verified_claims_supported: false });
  });
});
