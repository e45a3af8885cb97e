/** Orders that do not change from one look to the next. */

const natural = new Intl.Collator("en", { numeric: true });

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return natural.compare(a.name, b.name);
}

export function byNamespaceAndName(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  return (a.namespace === b.namespace ? 0 : natural.compare(a.namespace, b.namespace)) || natural.compare(a.name, b.name);
}

export function compare(a: string, b: string): number {
  return natural.compare(a, b);
}

/** The first `most` in their order, and how many there are: of very many, all but few are compared once, with the last of the first. */
export function firstOf<T>(all: Iterable<T>, most: number, order: (a: T, b: T) => number): { first: T[]; count: number } {
  let found: T[] = [];
  let last: T | undefined;
  let count = 0;
  const cut = (): void => {
    found = found.sort(order).slice(0, most);
    if (found.length === most) last = found.at(-1);
  };
  for (const one of all) {
    count++;
    if (last !== undefined && order(one, last) >= 0) continue;
    found.push(one);
    if (found.length >= 2 * most) cut();
  }
  cut();
  return { first: found, count };
}
