/**
 * What our TLS listeners have in common: certificate and key from two files, which may be read again while the service
 * runs, and the algorithms that they speak. TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only
 * (RFC 9325 3.1.1, 4.2); what Node offers by itself has the CBC suites among it.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSecureContext, type SecureContextOptions, type TLSSocket, Server as TlsServer } from 'node:tls';
import { ConfigurationError } from '../errors.ts';

export interface TlsCredentials {
  /** PEM: the server's own certificate first, then those that complete its path. */
  readonly certificate: Buffer;
  /** PEM, without a passphrase. */
  readonly key: Buffer;
}

/** The same as files. */
export interface CredentialFiles {
  readonly certificate: string;
  readonly key: string;
}

export const TLS_VERSIONS_AND_CIPHERS: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
};

/** A pair that OpenSSL accepts, as its files were when they were last read. */
export class StoredCredentials implements TlsCredentials {
  readonly #files: CredentialFiles;
  #held: TlsCredentials;

  /** @throws ConfigurationError CONFIG_UNREADABLE, TLS_CERTIFICATE_UNUSABLE */
  constructor(files: CredentialFiles) {
    this.#files = files;
    this.#held = readPair(files);
  }

  get certificate(): Buffer {
    return this.#held.certificate;
  }

  get key(): Buffer {
    return this.#held.key;
  }

  /**
   * Reads the files again. With any problem, what was held stays.
   * @returns whether another certificate or key is held now
   * @throws ConfigurationError CONFIG_UNREADABLE, TLS_CERTIFICATE_UNUSABLE
   */
  reread(): boolean {
    const before = this.#held;
    this.#held = readPair(this.#files);
    return !before.certificate.equals(this.#held.certificate) || !before.key.equals(this.#held.key);
  }
}

/** The context of a listener that asks nobody for a certificate. */
export function serverContext({ certificate, key }: TlsCredentials): SecureContextOptions {
  return { ...TLS_VERSIONS_AND_CIPHERS, cert: certificate, key };
}

/** From now on a listener that asks nobody for a certificate shows this one; connections that are open go on. */
export function useCredentials(server: Server, credentials: TlsCredentials): void {
  if (server instanceof TlsServer) server.setSecureContext(serverContext(credentials));
}

/** Handshakes that fail are the peer's affair; a socket that Node leaves open after one would hold its place. */
export function dropFailedHandshakes(server: TlsServer): void {
  server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
}

/**
 * For a listener whose handshakes may take long: a peer that does not even begin one holds its place no longer than this.
 * A handshake has begun when the server has answered something, which it does to a whole ClientHello.
 */
export function dropSilentPeers(server: TlsServer, withinSeconds: number): void {
  server.on('connection', (socket) => {
    const deadline = setTimeout(() => {
      if (socket.bytesWritten === 0) socket.destroy();
    }, withinSeconds * 1000);
    socket.once('close', () => clearTimeout(deadline));
  });
}

function readPair(files: CredentialFiles): TlsCredentials {
  const certificate = readWhole(files.certificate);
  const key = readWhole(files.key);
  attempt(`${files.certificate} is not a certificate in PEM that TLS accepts`, () =>
    createSecureContext({ ...TLS_VERSIONS_AND_CIPHERS, cert: certificate }),
  );
  attempt(`${files.key} is not a private key in PEM without a passphrase`, () => createPrivateKey(key));
  attempt(`the key of ${files.key} is not that of the certificate of ${files.certificate}`, () =>
    createSecureContext(serverContext({ certificate, key })),
  );
  return { certificate, key };
}

function readWhole(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigurationError('CONFIG_UNREADABLE', `${file} cannot be read`, { cause });
  }
}

/** The reasons of OpenSSL name its routines; they never quote a key. */
function attempt(fault: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    throw new ConfigurationError('TLS_CERTIFICATE_UNUSABLE', fault, { cause });
  }
}
