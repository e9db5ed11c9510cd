import { expect } from 'chai';
import { findValidPath } from '../../src/pki/path-validation.ts';
import { AT, createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { anchorOf, parse } from '../support/path.ts';

describe('S12: the browser sends the certificate of the card and nothing else', () => {
  it('the path is completed from our own intermediates', () => {
    const { root } = createTestAuthority();
    const upper = issueTestCa(root, { subject: [{ type: 'commonName', value: 'Thiqa test upper CA' }] });
    const lower = issueTestCa(upper);
    const path = findValidPath(parse(issueTestCard(lower)), {
      at: AT,
      purpose: 'clientAuth',
      intermediates: [lower, upper].map(parse),
      anchors: [anchorOf(root)],
    });
    expect(path.certificates).to.have.lengthOf(3);
  });
});
