/** How much may be said about each user on the audit topic and in the log. */
export interface AuditLimit {
  /**
   * @param nowMs - any clock that does not go back
   * @returns how many were passed over since the last that may be said, or undefined where this one may not be said
   */
  admit(user: string, nowMs: number): number | undefined;
}

interface Allowance {
  left: number;
  atMs: number;
  passedOver: number;
}

/** So many may come at once, and so many more in each second. */
export const auditBurst = 20;
const perSecond = 5;

/** A token bucket for each user: who floods the broker must not flood those who hear the audit, nor fill the log. */
export function makeAuditLimit(): AuditLimit {
  const allowances = new Map<string, Allowance>();
  return {
    admit(user, nowMs) {
      const before = allowances.get(user) ?? { left: auditBurst, atMs: nowMs, passedOver: 0 };
      const left = Math.min(auditBurst, before.left + ((nowMs - before.atMs) / 1000) * perSecond);
      const isOver = left < 1;
      allowances.set(user, {
        left: isOver ? left : left - 1,
        atMs: nowMs,
        passedOver: isOver ? before.passedOver + 1 : 0,
      });
      return isOver ? undefined : before.passedOver;
    },
  };
}
