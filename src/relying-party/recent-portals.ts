/**
 * Portals as they stood a moment ago: one sign-in asks for its portal a dozen times, and many sign in at once. A change
 * of a portal counts in every process after a tenth of a second.
 */
import type { Clock } from '../clock.ts';
import type { Portal, PortalStore } from './portal.ts';

const RELIED_ON_MS = 100;
/** A country has fewer. */
const MOST_PORTALS = 1_000;

/** @returns the same store, whose `find` answers from what was read up to 100 ms ago. */
export function recentPortals(store: PortalStore, clock: Clock): PortalStore {
  const known = new Map<string, { readonly at: number; readonly portal: Promise<Portal | undefined> }>();
  return {
    ...store,
    async find(clientId) {
      const now = clock().getTime();
      const recent = known.get(clientId);
      // Also of a clock that was set back.
      if (recent !== undefined && Math.abs(now - recent.at) < RELIED_ON_MS) return recent.portal;
      const portal = store.find(clientId);
      if (known.size >= MOST_PORTALS) known.clear();
      const entry = { at: now, portal };
      known.set(clientId, entry);
      const forget = (): void => {
        if (known.get(clientId) === entry) known.delete(clientId);
      };
      portal.then((found) => found ?? forget(), forget);
      return portal;
    },
  };
}
