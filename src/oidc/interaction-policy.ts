/**
 * When the card is asked for, and when asking cannot help: oidc-provider's own policy (OpenID Connect Core 3.1.2.3) with
 * some of its rules made stricter.
 *
 * The sign-in: a session counts for as long as neither its citizen nor the portal that asks was ended since (S28). The level
 * of assurance: a session of a lower level than asked for does not count; a level that no accepted document can
 * reach is refused before anybody looks for a card, and one that the card did not reach, after it. The subject: who was
 * asked for by `sub` or `id_token_hint` signs in or nobody does. Without the second half of each rule the citizen would
 * be asked for the same card for ever.
 */
import { type errors as Errors, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { type AcrNames, acrNames, isAtLeast, type LevelOfAssurance } from '../identity/level-of-assurance.ts';
import { hasEnded } from '../not-before.ts';
import type { PortalStore } from '../relying-party/portal.ts';
import { type LevelRequest, requestedLevel } from './requested-level.ts';

const { base, Check } = interactionPolicy;
type Policy = ReturnType<typeof base>;
type WithOidc = Pick<KoaContextWithOIDC, 'oidc'>;

export interface InteractionPolicyParts {
  readonly acrNames: AcrNames;
  /** The highest level that an accepted document can earn; undefined when none is accepted. */
  readonly highestReachableLevel: () => Promise<LevelOfAssurance | undefined>;
  /** The `sub` of an account for the portal of the request. */
  readonly subjectOf: (ctx: KoaContextWithOIDC, accountId: string) => Promise<string>;
  readonly portals: Pick<PortalStore, 'find'>;
}

/** What the consent page must know of the sign-in that it belongs to. */
export interface ConsentDetails {
  /** Epoch seconds. */
  readonly signedInAt: number | undefined;
}

export function createInteractionPolicy(parts: InteractionPolicyParts): Policy {
  const policy = base();
  const login = policy.get('login');
  const consent = policy.get('consent');
  if (login === undefined || consent === undefined) throw new TypeError('oidc-provider has these two prompts');
  for (const replaced of ['essential_acr', 'essential_acrs', 'claims_id_token_sub_value', 'id_token_hint']) {
    login.checks.remove(replaced);
  }
  login.checks.add(sessionCheck(parts));
  login.checks.add(levelCheck(parts));
  login.checks.add(subjectCheck(parts));
  consent.details = (ctx): ConsentDetails & Record<string, unknown> => ({ signedInAt: ctx.oidc.session?.authTime() });
  return policy;
}

function sessionCheck({ portals }: InteractionPolicyParts) {
  return new Check('session', 'the session was ended, a card is needed', 'login_required', async ({ oidc }) => {
    const { session, client, account } = oidc;
    // Without one oidc-provider itself asks for the card.
    if (session?.accountId === undefined) return Check.NO_NEED_TO_PROMPT;
    const portal = client && (await portals.find(client.clientId));
    const isOver = account === undefined || hasEnded(session.authTime() ?? 0, portal?.notBefore);
    return isOver ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
}

function levelCheck({ acrNames: names, highestReachableLevel }: InteractionPolicyParts) {
  return new Check('level', 'the level of assurance that is asked for needs a card', 'login_required', async (ctx) => {
    const { minimum, isUnknown } = levelRequestOf(ctx, names);
    if (minimum === undefined && !isUnknown) return Check.NO_NEED_TO_PROMPT;
    const reachable = await highestReachableLevel();
    if (isUnknown || minimum === undefined || reachable === undefined || !isAtLeast(reachable, minimum)) {
      throw unmet('no document that is accepted here reaches the level of assurance that is asked for');
    }
    const level = levelOfSession(ctx);
    if (level !== undefined && isAtLeast(level, minimum)) return Check.NO_NEED_TO_PROMPT;
    if (ctx.oidc.result?.login !== undefined) {
      throw unmet('the card does not reach the level of assurance that is asked for');
    }
    return Check.REQUEST_PROMPT;
  });
}

/** OpenID Connect Core 3.1.2.1 (id_token_hint), 3.1.2.2 and 5.5.1 (sub with a value). */
function subjectCheck({ subjectOf }: InteractionPolicyParts) {
  return new Check('subject', 'the subject that is asked for is not signed in', 'login_required', async (ctx) => {
    const wanted = await subjectsAskedFor(ctx);
    if (wanted.length === 0) return Check.NO_NEED_TO_PROMPT;
    const accountId = ctx.oidc.session?.accountId;
    if (accountId === undefined) return Check.REQUEST_PROMPT;
    const subject = await subjectOf(ctx, accountId);
    if (wanted.every((subjects) => subjects.includes(subject))) return Check.NO_NEED_TO_PROMPT;
    if (ctx.oidc.result?.login !== undefined) {
      throw new errors.LoginRequired('the citizen who signed in is not the one who is asked for');
    }
    return Check.REQUEST_PROMPT;
  });
}

/** Each list must contain the subject. */
async function subjectsAskedFor({ oidc }: KoaContextWithOIDC): Promise<(readonly unknown[])[]> {
  const lists: (readonly unknown[])[] = [];
  const { id_token_hint: hint } = oidc.params ?? {};
  if (typeof hint === 'string') lists.push([await subjectOfHint(oidc, hint)]);
  for (const place of [oidc.claims.id_token, oidc.claims.userinfo]) {
    const request = place?.sub;
    if (typeof request !== 'object' || request === null) continue;
    if ('value' in request) lists.push([request.value]);
    if (Array.isArray(request.values)) lists.push(request.values);
  }
  return lists;
}

/** oidc-provider verifies the hint when the request arrives, and no longer knows it when the citizen comes back. */
async function subjectOfHint(
  { entities, provider, client }: KoaContextWithOIDC['oidc'],
  hint: string,
): Promise<unknown> {
  if (entities.IdTokenHint !== undefined) return entities.IdTokenHint.payload.sub;
  if (client === undefined) throw new TypeError('an authorization request has a client');
  try {
    const { payload } = await provider.IdToken.validate(hint, client);
    return payload.sub;
  } catch (cause) {
    throw new errors.InvalidRequest('could not validate id_token_hint', undefined, { cause });
  }
}

/** What the authorization request asks for, as the portal sent it: oidc-provider keeps one of two wishes alone. */
export function levelRequestOf({ oidc }: WithOidc, names: AcrNames): LevelRequest {
  const { params, client } = oidc;
  const claims: unknown = typeof params?.claims === 'string' ? JSON.parse(params.claims) : undefined;
  return requestedLevel(
    {
      acrValues: typeof params?.acr_values === 'string' ? params.acr_values : undefined,
      acrClaim: memberOf(memberOf(claims, 'id_token'), 'acr'),
      portalMinimum: acrNames().get(String(client?.thiqa_minimum_level)),
    },
    names,
  );
}

/** The level that the session stands for; its `acr` is always the eIDAS URI. */
export function levelOfSession({ oidc }: WithOidc): LevelOfAssurance | undefined {
  const { accountId, acr } = oidc.session ?? {};
  return accountId === undefined || acr === undefined ? undefined : acrNames().get(acr);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name] // any object has members by name
    : undefined;
}

/** OpenID Connect Core Unmet Authentication Requirements 1.0, 2. */
function unmet(description: string): InstanceType<typeof Errors.CustomOIDCProviderError> {
  return new errors.CustomOIDCProviderError('unmet_authentication_requirements', description);
}
