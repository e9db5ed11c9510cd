/**
 * The tables, and how a database file of an earlier version becomes one of this version.
 *
 * A list of migrations is only ever added to: its length is the schema's version, kept in `PRAGMA user_version`. Times
 * are integer milliseconds since 1970; STRICT tables refuse a value of another type.
 */

/** Protocol data, portals, consents and citizens; then the trust list; the counters of limits; the key ring; sign-ins; what is on record of trust; OCSP; what has been ended or suspended; logout. */
export const STORE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE protocol (
    model      TEXT NOT NULL,
    id         TEXT NOT NULL,
    payload    TEXT NOT NULL,
    consumed   INTEGER,            -- epoch seconds, the unit of oidc-provider's payload
    expires_at INTEGER,            -- NULL: never
    grant_id   TEXT,
    uid        TEXT,
    user_code  TEXT,
    PRIMARY KEY (model, id)
  ) STRICT;
  CREATE INDEX protocol_expiry ON protocol (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX protocol_grant ON protocol (grant_id, model) WHERE grant_id IS NOT NULL;
  CREATE INDEX protocol_uid ON protocol (uid, model) WHERE uid IS NOT NULL;
  CREATE INDEX protocol_user_code ON protocol (user_code, model) WHERE user_code IS NOT NULL;

  CREATE TABLE challenge (
    id           TEXT NOT NULL PRIMARY KEY,
    interaction  TEXT NOT NULL,
    browser_hash TEXT NOT NULL,
    client_id    TEXT NOT NULL,
    expires_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX challenge_expiry ON challenge (expires_at);

  CREATE TABLE hand_off (
    id           TEXT NOT NULL PRIMARY KEY,
    interaction  TEXT NOT NULL,
    browser_hash TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    expires_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX hand_off_expiry ON hand_off (expires_at);

  CREATE TABLE portal (
    client_id     TEXT NOT NULL PRIMARY KEY,
    registered_at INTEGER NOT NULL,
    registration  TEXT NOT NULL    -- JSON of the other members
  ) STRICT;

  CREATE TABLE consent (
    account_id TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    claims     TEXT NOT NULL,      -- JSON
    given_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, client_id)
  ) STRICT;

  CREATE TABLE citizen (
    account_id TEXT NOT NULL PRIMARY KEY,
    sealed     BLOB NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX citizen_expiry ON citizen (expires_at);
  `,
  `
  CREATE TABLE trust (
    profile            TEXT NOT NULL,
    kind               TEXT NOT NULL CHECK (kind IN ('anchor', 'intermediate')),
    key_sha256         TEXT NOT NULL,
    certificate_sha256 TEXT NOT NULL,
    certificate        BLOB NOT NULL,
    added_at           INTEGER NOT NULL,
    PRIMARY KEY (profile, kind, certificate_sha256)
  ) STRICT;

  CREATE TABLE trust_version (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    list      INTEGER NOT NULL,
    refreshes INTEGER NOT NULL
  ) STRICT;
  INSERT INTO trust_version (id, list, refreshes) VALUES (1, 0, 0);
  `,
  `
  CREATE TABLE rate_limit (
    key        TEXT NOT NULL PRIMARY KEY,
    points     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX rate_limit_expiry ON rate_limit (expires_at);
  `,
  `
  CREATE TABLE key_ring (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,       -- 0: there is none yet
    sealed  BLOB NOT NULL
  ) STRICT;
  INSERT INTO key_ring (id, version, sealed) VALUES (1, 0, x'');
  `,
  // One record a sign-in. Those of before were of one a citizen, and end with their sessions: nothing is carried over.
  `
  DROP TABLE citizen;
  CREATE TABLE citizen (
    account_id   TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,   -- epoch seconds, as auth_time
    sealed       BLOB NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, signed_in_at)
  ) STRICT;
  CREATE INDEX citizen_expiry ON citizen (expires_at);
  `,
  `
  CREATE TABLE trust_recording (
    change     TEXT NOT NULL PRIMARY KEY,
    held_until INTEGER              -- NULL: on record
  ) STRICT;
  `,
  `
  CREATE TABLE ocsp_answer (
    certificate TEXT NOT NULL PRIMARY KEY,
    response    BLOB NOT NULL,
    nonce       BLOB,
    received_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ocsp_answer_expiry ON ocsp_answer (expires_at);
  `,
  `
  CREATE TABLE not_before (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seconds INTEGER NOT NULL
  ) STRICT;
  ALTER TABLE portal ADD COLUMN not_before INTEGER;   -- epoch seconds
  ALTER TABLE portal ADD COLUMN status TEXT;          -- NULL: as it was registered
  CREATE TABLE standing (
    account_id   TEXT NOT NULL PRIMARY KEY,
    is_suspended INTEGER NOT NULL,
    not_before   INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE logout_notice (
    sid         TEXT NOT NULL PRIMARY KEY,
    session_uid TEXT NOT NULL,
    client_id   TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    expires_at  INTEGER,            -- of a participant; NULL: a notice, which never expires by itself
    due_at      INTEGER,            -- of a notice
    ended_at    INTEGER,            -- of a notice
    attempts    INTEGER NOT NULL,
    CHECK ((expires_at IS NULL) = (due_at IS NOT NULL) AND (due_at IS NULL) = (ended_at IS NULL))
  ) STRICT;
  CREATE INDEX logout_notice_session ON logout_notice (session_uid);
  CREATE INDEX logout_notice_account ON logout_notice (account_id);
  CREATE INDEX logout_notice_client ON logout_notice (client_id);
  CREATE INDEX logout_notice_due ON logout_notice (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX logout_notice_expiry ON logout_notice (expires_at) WHERE expires_at IS NOT NULL;
  `,
];

/** The audit log. The triggers stop a mistake; the hash chain is what shows a change on purpose. */
export const AUDIT_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE audit (
    sequence      INTEGER NOT NULL PRIMARY KEY,
    at            INTEGER NOT NULL,
    event         TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash          TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
  `,
];
