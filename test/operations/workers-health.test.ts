import { expect } from 'chai';
import type { HealthCheck, HealthReport } from '../../src/operations/health.ts';
import { joinHealth } from '../../src/operations/workers-health.ts';

describe('the health of a service of several workers', () => {
  const at = new Date('2026-11-25T12:00:00Z');
  const store: HealthCheck = { check: 'store', status: 'ok', message: 'the store answers' };
  const report = (status: HealthReport['status'], ...checks: HealthCheck[]): HealthReport => ({ status, at, checks });
  const well = report('ok', store);
  const join = (...reports: (HealthReport | undefined)[]) =>
    joinHealth({ at, wanted: 2, workers: reports.map((one, index) => ({ worker: String(index + 1), report: one })) });

  it('is ok when all workers are there and well, and says once what all say', () => {
    const { status, checks } = join(well, well);
    expect(status).to.equal('ok');
    expect(checks.filter(({ check }) => check === 'store')).to.deep.equal([store]);
    expect(checks.filter(({ check }) => check === 'worker')).to.have.length(2);
  });

  it('is degraded while a worker is missing', () => {
    const { status, checks } = join(well);
    expect(status).to.equal('degraded');
    expect(checks.at(1)).to.include({ check: 'worker', status: 'failing', message: '1 of 2 workers serve' });
  });

  it('is degraded when one worker does not answer, and names it', () => {
    const { status, checks } = join(well, undefined);
    expect(status).to.equal('degraded');
    expect(checks.at(1)).to.include({ check: 'worker', subject: '2', status: 'failing' });
  });

  it('tells the worst that a worker says of one thing, whichever says it', () => {
    const ill: HealthCheck = { check: 'store', status: 'failing', message: 'the store does not answer' };
    for (const reports of [
      [well, report('failing', ill)],
      [report('failing', ill), well],
    ]) {
      const { status, checks } = join(...reports);
      expect(status).to.equal('degraded');
      expect(checks.filter(({ check }) => check === 'store')).to.deep.equal([ill]);
    }
  });

  it('is failing when no worker can sign anybody in, and when there is none', () => {
    expect(join(report('failing', store), undefined).status).to.equal('failing');
    expect(join().status).to.equal('failing');
  });

  it('is degraded while the configuration is refused', () => {
    const { status, checks } = joinHealth({
      at,
      wanted: 1,
      workers: [{ worker: '1', report: well }],
      configurationRefused: { at, code: 'CONFIG_INVALID' },
    });
    expect(status).to.equal('degraded');
    expect(checks.find(({ check }) => check === 'configuration')).to.include({ code: 'CONFIG_INVALID' });
  });
});
