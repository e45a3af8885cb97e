/** What of the audit a reader may choose to see, each kind with the actions that belong to it. */

export const KINDS = {
  everything: [],
  asked: ["REQUESTED", "BACK_REQUESTED", "KEEP", "LEFT", "ACT", "ACT_FAILED"],
  arming: ["ARMED", "DISARMED", "AUDIT_GAP"],
  people: ["PERSON_ADDED", "PERSON_ENABLED", "PERSON_DISABLED", "ROLE_CHANGED", "TOKEN_CREATED", "TOKEN_REVOKED"],
  signIns: ["LINK_MADE", "SIGNED_IN"],
} as const satisfies Record<string, readonly string[]>;

export type AuditKind = keyof typeof KINDS;

/** What belongs to no cluster is for administrators. */
const FOR_ADMINISTRATORS: readonly AuditKind[] = ["people", "signIns"];

export const kinds = Object.keys(KINDS) as readonly AuditKind[];

/** The kind that a link names; everything where it names none that there is, and null where it does not ask for the audit. */
export function kindOf(text: string | null): AuditKind | null {
  return text ? (kinds.find((one) => one === text) ?? "everything") : null;
}

export function mayRead(kind: AuditKind, role: string): boolean {
  return role === "admin" || !FOR_ADMINISTRATORS.includes(kind);
}
