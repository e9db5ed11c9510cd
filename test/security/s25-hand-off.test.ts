/**
 * S25: a hand-off token in a URL. Here: single use, bound to the interaction and to the browser, short-lived, in no log.
 */
import { expect } from 'chai';
import { EvidenceError } from '../../src/errors.ts';
import { issueTestCard } from '../support/authority.ts';
import { byteSequence, type CardService, type Presented, startCardService } from '../support/card-service.ts';
import { expectRefusal } from '../support/refusal.ts';

describe('S25: the hand-off that leaves the card host in an address', () => {
  let service: CardService;
  let isDisposed = false;
  const seen: string[] = [];

  before(async () => {
    service = await startCardService('rfc9440', ['127.0.0.1']);
  });
  after(async () => {
    if (!isDisposed) await service.dispose();
  });

  async function present(): Promise<Presented> {
    const { certificate } = issueTestCard(service.authority.issuing);
    const presented = await service.present({ 'Client-Cert': byteSequence(certificate) });
    expect(presented.token).to.match(/^[\w-]{43}$/);
    seen.push(presented.token, presented.browserSecret, presented.challengeId);
    return presented;
  }
  const refuse = async (claim: Parameters<CardService['presentations']['collect']>[0], code: EvidenceError['code']) => {
    await expectRefusal(() => service.presentations.collect(claim), EvidenceError, code);
    expect((await service.events()).at(-1)).to.deep.equal({
      type: 'hand-off.refused',
      code,
      interaction: claim.interaction,
    });
  };

  it('is good once', async () => {
    const presented = await present();
    expect(await service.presentations.collect(presented)).to.have.property('outcome', 'authenticated');
    await refuse(presented, 'HANDOFF_UNKNOWN');
  });

  it('of 20 who bring it at once, for one', async () => {
    const presented = await present();
    const settled = await Promise.allSettled(
      Array.from({ length: 20 }, () => service.presentations.collect(presented)),
    );
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
  });

  it('is bound to its interaction', async () => {
    const presented = await present();
    await refuse({ ...presented, interaction: 'interaction-of-somebody-else' }, 'HANDOFF_OTHER_INTERACTION');
    await refuse(presented, 'HANDOFF_UNKNOWN');
  });

  it('is bound to its browser: whoever finds the address has not the cookie', async () => {
    const [presented, other] = [await present(), await present()];
    await refuse({ ...presented, browserSecret: other.browserSecret }, 'HANDOFF_OTHER_BROWSER');
    await refuse(presented, 'HANDOFF_UNKNOWN');
    await refuse({ ...other, browserSecret: undefined }, 'HANDOFF_OTHER_BROWSER');
  });

  it('is short-lived: 60 seconds, not one millisecond more', async () => {
    const [inTime, late] = [await present(), await present()];
    service.advance(59_999);
    expect(await service.presentations.collect(inTime)).to.have.property('outcome', 'authenticated');
    service.advance(1);
    await refuse(late, 'HANDOFF_EXPIRED');
  });

  it('is in no log and on no record, nor are the cookie and the address of the card', async () => {
    const unused = await present();
    await refuse({ ...unused, browserSecret: 'x' }, 'HANDOFF_OTHER_BROWSER');
    const records = JSON.stringify(await service.events());
    isDisposed = true;
    const log = await service.dispose();
    expect(log).to.not.equal('');
    for (const secret of seen) {
      expect(records).to.not.include(secret);
      expect(log).to.not.include(secret);
    }
  });
});
