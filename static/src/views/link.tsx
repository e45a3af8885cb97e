/** A link to another view of this page: it moves without loading anything, and a new tab still opens where one is asked for. */
import type { ComponentChildren, JSX } from "preact";
import * as routes from "../state/routes";
import type { Route } from "../state/routes";
import * as store from "../state/store";

export function Link({ to, here = false, children }: { to: Partial<Route>; here?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <a
      href={routes.format({ ...store.route.value, ...to })}
      aria-current={here ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        store.go(to);
      }}
    >
      {children}
    </a>
  );
}
