/**
 * A portal of a test on a real client library: its web server on a port of loopback, registered at the service by the
 * command of an officer, and the journey that every such portal must make possible.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { PageResponse } from '../../src/demo/page-exchange.ts';
import { Citizen } from './citizen.ts';
import { type Passage, passThrough } from './passage.ts';
import { registerPortalByCommand, registrationOf } from './relying-party.ts';
import type { TestService } from './service.ts';

export interface Registered {
  readonly origin: URL;
  readonly issuer: string;
  readonly clientId: string;
  /** Empty where the portal authenticates with a key, or not at all. */
  readonly clientSecret: string;
}

export interface ClientApplication extends Registered {
  close(): void;
}

/** @param members of the registration document, beside the redirect URIs /callback and, after a logout, / */
export async function registerClient(
  service: TestService,
  clientId: string,
  origin: URL,
  members: Readonly<Record<string, unknown>> = {},
): Promise<Registered> {
  const { client_secret = '' } = await registerPortalByCommand(
    service,
    registrationOf(clientId, {
      sector: origin.hostname,
      redirect_uris: [new URL('/callback', origin).href],
      post_logout_redirect_uris: [origin.href],
      ...members,
    }),
  );
  return { origin, issuer: service.issuer, clientId, clientSecret: client_secret };
}

/** @param build the application, which answers as `expectWholeJourney` asks it */
export async function serveClientApplication(
  service: TestService,
  clientId: string,
  members: Readonly<Record<string, unknown>>,
  build: (registered: Registered) => RequestListener | Promise<RequestListener>,
): Promise<ClientApplication> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  try {
    const { port } = server.address() as AddressInfo; // a TCP server that listens has this form
    const registered = await registerClient(service, clientId, new URL(`http://localhost:${port}/`), members);
    server.on('request', await build(registered));
    return { ...registered, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What a citizen opens at the portal, and how the portal shows whom it took the citizen for. */
export interface PortalPaths {
  readonly login: string;
  readonly logout: string;
  readonly claims: string;
  /** The claims on the page of `claims`; undefined where it knows nobody. */
  readonly readClaims: (page: PageResponse) => unknown;
}

const PATHS: PortalPaths = {
  login: '/login',
  logout: '/logout',
  claims: '/',
  readClaims: ({ body }) => (body === 'nobody' ? undefined : JSON.parse(body)),
};

/**
 * Signs in with a card, reads a claim, logs out; and the service has then no session of this browser.
 * @returns the page of the portal at the end of the sign-in
 */
export async function expectWholeJourney(
  service: TestService,
  { origin }: Registered,
  paths: PortalPaths = PATHS,
): Promise<PageResponse> {
  const citizen = new Citizen({ tlsRootPem: service.tlsRootPem, card: service.card('valid-arabic') });
  const open = async (path: string): Promise<Passage> =>
    passThrough(citizen, await citizen.send('GET', new URL(path, origin)), () => false);
  const claims = async (): Promise<unknown> => paths.readClaims((await open(paths.claims)).last);

  expect(await claims()).to.equal(undefined);
  const signedIn = await open(paths.login);
  expect(signedIn.pages).to.deep.equal(['present-card', 'consent']);
  expect(signedIn.last.url.origin, signedIn.lastPage).to.equal(origin.origin);
  expect(await claims()).to.include({ given_name: 'Youssef', 'family_name#ar': 'بنعلي' });

  const loggedOut = await open(paths.logout);
  expect(loggedOut.last.url.href, loggedOut.lastPage).to.equal(origin.href);
  expect(await claims()).to.equal(undefined);
  // The card is asked for again: the session at the service ended too.
  expect((await open(paths.login)).pages).to.include('present-card');
  return signedIn.last;
}
