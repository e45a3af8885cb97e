/**
 * Which side of which application a pod belongs to. Blue and green belong to the two sides of a switch and to nothing else: the values
 * `blue` and `green` keep their own colours, otherwise the first value in order is blue and the second green; more are neutral.
 */
import type { Application } from "./rest";

export type Colour = "blue" | "green" | "neutral";

export function colourOf(value: string, values: readonly string[]): Colour {
  if (value === "blue" || value === "green") return value;
  const free = (["blue", "green"] as const).filter((colour) => !values.includes(colour));
  const rest = values.filter((one) => one !== "blue" && one !== "green").sort();
  return free[rest.indexOf(value)] ?? "neutral";
}

export function colourIn(application: Application, value: string): Colour {
  return colourOf(value, application.sides.map((side) => side.value));
}

export function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>, without = ""): boolean {
  for (const key of Object.keys(selector)) {
    if (key !== without && (!Object.hasOwn(labels, key) || labels[key] !== selector[key])) return false;
  }
  return true;
}

/** The value of the pod's side, or null where the pod is not of this application. */
export function sideOf(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
  application: Application,
): string | null {
  if (!Object.hasOwn(labels, application.key) || !matches(selector, labels, application.key)) return null;
  const value = labels[application.key]!;
  return application.sides.some((side) => side.value === value) ? value : null;
}
