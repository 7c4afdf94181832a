const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A text as it may stand in an element or an attribute of XML. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => escapes[sign] ?? sign);
}

/** A number with at most one decimal, as a coordinate. */
function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** An element of SVG; numbers are rounded to tenths. `content` is markup already. */
export function element(name: string, attributes: Record<string, string | number>, content = ''): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escaped(value)}"`)
    .join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** A text at a place. */
export function textAt(x: number, y: number, text: string, attributes: Record<string, string | number> = {}): string {
  return element('text', { x, y, ...attributes }, escaped(text));
}
