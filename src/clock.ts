/**
 * The only reader of the system time. Domain functions take `at: Date`; use cases receive a `Clock`.
 */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
