/** Two selectors as a difference: what stays, what goes, what comes. Pure. */
type Selector = Readonly<Record<string, string>>;

export function difference(before: Selector, after: Selector): string {
  const lines = [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [was, is] = [before, after].map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
    if (was === is) return [`  ${name}: ${was}`];
    return [...(was === undefined ? [] : [`- ${name}: ${was}`]), ...(is === undefined ? [] : [`+ ${name}: ${is}`])];
  });
  return lines.join("\n");
}
