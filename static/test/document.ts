/** A document just large enough to render a view into: elements with attributes, text, and what is pressed. Import it before any view. */
import { h, render } from "preact";
import type { ComponentType } from "preact";

type Listener = (this: Element_, event: { type: string; currentTarget: Element_; target: Element_ }) => void;

export class Element_ {
  readonly nodeType: number;
  childNodes: Element_[] = [];
  parentNode: Element_ | null = null;
  readonly attributes: { name: string; value: string }[] = [];
  readonly style = { setProperty: (): void => undefined, cssText: "" };
  readonly ownerDocument = globalThis.document;
  readonly namespaceURI = "http://www.w3.org/1999/xhtml";
  data = "";
  disabled = false;
  private readonly heard = new Map<string, Listener>();

  constructor(readonly localName: string) {
    this.nodeType = localName === "#text" ? 3 : 1;
  }
  get firstChild(): Element_ | null {
    return this.childNodes[0] ?? null;
  }
  get nextSibling(): Element_ | null {
    const around = this.parentNode?.childNodes ?? [];
    return around[around.indexOf(this) + 1] ?? null;
  }
  get textContent(): string {
    return this.nodeType === 3 ? this.data : this.childNodes.map((one) => one.textContent).join("");
  }
  /** Nothing is ever parsed: all that a view draws is an element that it names, or text. */
  set innerHTML(_: string) {
    throw new Error("a view wrote HTML");
  }
  insertBefore(child: Element_, before: Element_ | null): Element_ {
    child.remove();
    const at = before ? this.childNodes.indexOf(before) : -1;
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child);
    child.parentNode = this;
    return child;
  }
  appendChild(child: Element_): Element_ {
    return this.insertBefore(child, null);
  }
  removeChild(child: Element_): Element_ {
    if (child.contains(globalThis.document.activeElement as never)) Object.assign(globalThis.document, { activeElement: null });
    this.childNodes = this.childNodes.filter((one) => one !== child);
    child.parentNode = null;
    return child;
  }
  remove(): void {
    this.parentNode?.removeChild(this);
  }
  setAttribute(name: string, value: unknown): void {
    this.removeAttribute(name);
    this.attributes.push({ name, value: String(value) });
  }
  removeAttribute(name: string): void {
    const at = this.attributes.findIndex((one) => one.name === name);
    if (at >= 0) this.attributes.splice(at, 1);
  }
  getAttribute(name: string): string | null {
    return this.attributes.find((one) => one.name === name)?.value ?? null;
  }
  addEventListener(type: string, listener: Listener): void {
    this.heard.set(type, listener);
  }
  removeEventListener(type: string): void {
    this.heard.delete(type);
  }
  /** Whatever of this name is below, in the order of the document. */
  all(localName: string): Element_[] {
    return this.childNodes.flatMap((one) => [...(one.localName === localName ? [one] : []), ...one.all(localName)]);
  }
  contains(one: Element_ | null): boolean {
    return this === one || this.childNodes.some((child) => child.contains(one));
  }
  hear(type: string, more: object = {}): void {
    this.heard.get(type)?.call(this, { type, currentTarget: this, target: this, ...more } as never);
  }
  /** Of selectors only those of an input of a type. */
  matches(selector: string): boolean {
    return `${this.localName}[type=${this.getAttribute("type")}]` === selector;
  }
  get isConnected(): boolean {
    return this.localName === "main" || (this.parentNode?.isConnected ?? false);
  }
  getBoundingClientRect(): { left: number; top: number } {
    return { left: 0, top: 0 };
  }
  /** What is on no page takes no focus. */
  focus(): void {
    if (this.isConnected) Object.assign(globalThis.document, { activeElement: this });
  }
}

const made = {
  createElement: (name: string) => new Element_(name),
  createElementNS: (_: string, name: string) => new Element_(name),
  createTextNode: (text: string) => Object.assign(new Element_("#text"), { data: text }),
  addEventListener: () => undefined,
  querySelector: () => null,
  getElementById: () => ({ dataset: { cluster: "lab", clusterName: "lab", role: "operator" } }),
  cookie: "",
  hidden: false,
  activeElement: null,
  body: {},
  documentElement: { lang: "", dataset: {} },
};
Object.assign(globalThis, {
  navigator: {},
  document: made,
  location: { pathname: "/c/lab/", search: "", protocol: "http:", host: "" },
  history: { pushState: () => undefined, replaceState: () => undefined },
  CSS: { escape: (text: string) => text },
  matchMedia: () => ({ matches: false, addEventListener: () => undefined }),
  ResizeObserver: class {
    observe(): void {}
    disconnect(): void {}
  },
  MutationObserver: class {
    observe(): void {}
    disconnect(): void {}
  },
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});

const pages = new Set<Element_>();

/** This will take away every page that is still there, so that a test that fails leaves none. */
export function clear(): void {
  for (const page of pages) render(null, page as unknown as Element);
  pages.clear();
}

/** This will draw the view into an empty page, which is given back; `undo` takes it away. */
export function drawn<P extends object>(View: ComponentType<P>, props: P): { page: Element_; undo: () => void } {
  const page = new Element_("main");
  render(h(View, props), page as unknown as Element);
  pages.add(page);
  return { page, undo: () => render(null, page as unknown as Element) };
}
