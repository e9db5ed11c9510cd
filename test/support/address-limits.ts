import { trustedPeers } from '../../src/authentication/proxy-certificate.ts';
import type { AddressLimits } from '../../src/http/limit-requests.ts';
import { WITHOUT_RATE_LIMITS } from '../../src/limits/rate-limits.ts';

/** Every address may do what it likes, and none is a proxy. */
export const WITHOUT_ADDRESS_LIMITS: AddressLimits = {
  limits: WITHOUT_RATE_LIMITS,
  proxies: trustedPeers([]),
  connectionsPerAddress: Number.POSITIVE_INFINITY,
};
