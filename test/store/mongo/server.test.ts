import { expect } from 'chai';
import { describeServer } from '../../../src/store/mongo/server.ts';

type Answer = Readonly<Record<string, unknown>>;

const serverThatSays = (hello: Answer, buildInfo: Answer) => ({
  command: async (command: Answer): Promise<Answer> => ('hello' in command ? hello : buildInfo),
});

describe('what the database server is', () => {
  const cases: readonly (readonly [string, Answer, Answer, Answer])[] = [
    [
      'a replica set',
      { setName: 'rs0' },
      { version: '8.0.4' },
      { product: 'MongoDB', version: '8.0.4', topology: 'replica set' },
    ],
    ['a standalone server', {}, { version: '7.0.1' }, { product: 'MongoDB', version: '7.0.1', topology: 'standalone' }],
    [
      'the router of a sharded cluster',
      { msg: 'isdbgrid' },
      { version: '8.0.4' },
      { product: 'MongoDB', version: '8.0.4', topology: 'sharded cluster' },
    ],
    [
      'a server that only speaks the protocol',
      {},
      { version: '7.0.42', ferretdb: { version: 'v1.24.2' } },
      { product: 'FerretDB', version: '7.0.42', topology: 'standalone' },
    ],
  ];
  for (const [what, hello, buildInfo, expected] of cases) {
    it(`is told apart: ${what}`, async () => {
      expect(await describeServer(serverThatSays(hello, buildInfo))).to.deep.equal(expected);
    });
  }
});
