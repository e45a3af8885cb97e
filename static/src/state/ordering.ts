/** Orders that do not change from one look to the next. */

const natural = new Intl.Collator("en", { numeric: true });

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return natural.compare(a.name, b.name);
}

export function byNamespaceAndName(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  return natural.compare(a.namespace, b.namespace) || natural.compare(a.name, b.name);
}

export function compare(a: string, b: string): number {
  return natural.compare(a, b);
}
