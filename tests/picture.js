([width, height]) => {
  // Writes down as SVG what the browser laid out: boxes, drawings and lines of text.
  const out = [];
  const seen = (color) => color && color !== 'transparent' && !/, 0\)$/.test(color);
  const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const n = (value) => String(Math.round(value * 10) / 10);
  const inside = (box) => box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < width && box.top < height;
  const box = (element, style) => {
    const at = element.getBoundingClientRect();
    const line = parseFloat(style.borderTopWidth) && style.borderTopStyle !== 'none' ? style.borderTopColor : '';
    if (!inside(at) || (!seen(style.backgroundColor) && !line)) return;
    const whole = line && parseFloat(style.borderLeftWidth);
    const round = Math.min(parseFloat(style.borderTopLeftRadius) || 0, at.height / 2);
    const shift = whole ? 0.5 : 0;
    const parts = [`x="${n(at.left + shift)}" y="${n(at.top + shift)}" width="${n(at.width - 2 * shift)}" height="${n(at.height - 2 * shift)}"`];
    if (round) parts.push(`rx="${n(round)}"`);
    parts.push(`fill="${seen(style.backgroundColor) ? style.backgroundColor : 'none'}"`);
    const thick = parseFloat(style.borderTopWidth) > parseFloat(style.borderLeftWidth);
    if (whole) parts.push(`stroke="${style.borderLeftColor}"`);
    out.push(`<rect ${parts.join(' ')}/>`);
    if (line && (!whole || thick)) out.push(`<rect x="${n(at.left)}" y="${n(at.top)}" width="${n(at.width)}" height="${style.borderTopWidth}" fill="${line}"/>`);
  };
  const words = (node, style) => {
    const lines = new Map();
    const range = document.createRange();
    for (const found of node.data.matchAll(/\S+/g)) {
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const at = range.getBoundingClientRect();
      if (!inside(at)) continue;
      const known = lines.get(at.top);
      if (known) { known.words.push(found[0]); known.right = at.right; }
      else lines.set(at.top, { x: at.left, right: at.right, y: at.top + at.height * 0.76, words: [found[0]] });
    }
    const mono = style.fontFamily.includes('mono') && !style.fontFamily.includes('Inter') ? ' font-family="monospace"' : '';
    for (const one of lines.values()) {
      const weight = style.fontWeight === '400' ? '' : ` font-weight="${style.fontWeight}"`;
      out.push(`<text x="${n(one.x)}" y="${n(one.y)}" textLength="${n(one.right - one.x)}" lengthAdjust="spacingAndGlyphs" font-size="${parseFloat(style.fontSize)}"${weight}${mono} fill="${style.color}">${escape(one.words.join(' '))}</text>`);
    }
  };
  const drawing = (svg, style) => {
    const at = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const shapes = [...svg.children].map((child) => {
      const own = getComputedStyle(child);
      const copy = child.cloneNode();
      copy.removeAttribute('class');
      copy.setAttribute('fill', own.fill);
      if (own.stroke !== 'none') { copy.setAttribute('stroke', own.stroke); copy.setAttribute('stroke-width', parseFloat(own.strokeWidth)); }
      return copy.outerHTML.replace(/ xmlns="[^"]*"/, '');
    });
    out.push(`<g transform="translate(${n(at.left)} ${n(at.top)}) scale(${n(at.width / view.width)})">${shapes.join('')}</g>`);
  };
  const walk = (element) => {
    const style = getComputedStyle(element);
    if (!element.checkVisibility({ visibilityProperty: true }) || element.classList.contains('visually-hidden')) return;
    const faint = style.opacity === '1' ? '' : `<g opacity="${style.opacity}">`;
    if (faint) out.push(faint);
    if (element instanceof SVGSVGElement) drawing(element, style);
    else {
      box(element, style);
      if (element instanceof HTMLInputElement) element.placeholder && placeholder(element, style);
      else if (element instanceof HTMLSelectElement) label(element, element.selectedOptions[0]?.text ?? '', style);
      else for (const child of element.childNodes) {
        if (child.nodeType === Node.TEXT_NODE) words(child, style);
        else if (child.nodeType === Node.ELEMENT_NODE) walk(child);
      }
    }
    if (faint) out.push('</g>');
  };
  const label = (element, text, style) => {
    const at = element.getBoundingClientRect();
    out.push(`<text x="${n(at.left + 11)}" y="${n(at.top + at.height / 2 + 5)}" font-size="${parseFloat(style.fontSize)}" fill="${style.color}">${escape(text)}</text>`);
  };
  const placeholder = (element, style) => label(element, element.placeholder, getComputedStyle(element, '::placeholder'));
  walk(document.body);
  const ground = getComputedStyle(document.documentElement).backgroundColor;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif">`,
    `<title>The live map with an application's switch beside it</title>`,
    `<rect width="${width}" height="${height}" fill="${ground}"/>`,
    ...out,
    '</svg>',
    '',
  ].join('\n');
}
