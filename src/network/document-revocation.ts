/**
 * Where the revocation status of one document comes from, through every change of its configuration and of the trust
 * list: what is held and what is unchanged stays.
 */
import type { ValidatedPath } from '../pki/path-validation.ts';
import type { RevocationEvidence, RevocationSource } from '../pki/revocation.ts';
import { type CrlLocationState, CrlSource, type CrlSourceOptions, type CrlSubject } from './crl-source.ts';

/** As the configuration has it for one document. */
export interface RevocationSubject extends Omit<CrlSubject, 'locations'> {
  readonly crls: readonly string[];
}

export type DocumentRevocationOptions = Omit<CrlSourceOptions, keyof CrlSubject>;

export class DocumentRevocation implements RevocationSource {
  readonly #crls: CrlSource;

  constructor(subject: RevocationSubject, options: DocumentRevocationOptions) {
    this.#crls = new CrlSource({ ...options, ...subject, locations: subject.crls });
  }

  evidenceFor(path: ValidatedPath, at: Date): Promise<RevocationEvidence> {
    return this.#crls.evidenceFor(path, at);
  }

  adapt(subject: RevocationSubject): void {
    this.#crls.adapt({ ...subject, locations: subject.crls });
  }

  lookAtFiles(): Promise<void> {
    return this.#crls.lookAtFiles();
  }

  refresh(): Promise<void> {
    return this.#crls.refresh();
  }

  get states(): readonly CrlLocationState[] {
    return this.#crls.states;
  }

  close(): void {
    this.#crls.close();
  }
}
