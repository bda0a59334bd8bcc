// Text that does something where it is taken for anything but text. Each calls `canary`, asks for `/canary` or makes an <x-canary>.

const tags = ['img', 'svg', 'video', 'audio', 'iframe', 'object', 'embed', 'body', 'input', 'details', 'marquee', 'math', 'x-canary']
const handlers = ['onerror', 'onload', 'onfocus', 'ontoggle', 'onmouseover', 'onanimationstart', 'onpointerenter']
const urls = [
  'javascript:canary()',
  'JaVaScRiPt:canary()',
  'java\tscript:canary()',
  ' javascript:canary()',
  'javascript://example.com/%0acanary()',
  'data:text/html,<script>canary()</script>',
  'data:image/svg+xml,<svg onload=canary()>',
  'vbscript:canary()',
  'blob:canary',
  '//canary.example/x',
  'http:canary.example',
  'https://canary.example/x',
]

const markup = [
  ...tags.flatMap((tag) => [`<${tag} src=/canary onerror=canary() onload=canary()>`, `"><${tag} autofocus onfocus=canary() tabindex=1>`]),
  ...handlers.flatMap((handler) => [`" ${handler}="canary()" x="`, `' ${handler}='canary()' x='`, `<svg/${handler}=canary()>`]),
  ...urls.flatMap((url) => [url, `<a href="${url}">here</a>`, `[here](${url})`, `<iframe src="${url}"></iframe>`]),
  '<script>canary()</script>',
  '</script><script>canary()</script>',
  '</title><script>canary()</script>',
  '</textarea><x-canary>',
  '</style><x-canary>',
  '<style>@import "/canary"</style>',
  '<style>*{background:url(/canary)}</style>',
  '<link rel=stylesheet href=/canary>',
  '<link rel=prefetch href=/canary>',
  '<meta http-equiv=refresh content="0;url=/canary">',
  '<base href=//canary.example/>',
  '<form action=/canary><button>x</button></form>',
  '<img srcset="/canary 1x">',
  '<picture><source srcset=/canary><img></picture>',
  '<svg><use href="/canary#x"/></svg>',
  '<svg><script href=/canary></script></svg>',
  '<svg><animate attributeName=href values=javascript:canary() /></svg>',
  '<math><mtext><table><mglyph><style><img src=/canary onerror=canary()>',
  '<noscript><p title="</noscript><img src=/canary onerror=canary()>">',
  '<template><x-canary></x-canary></template>',
  '<!--><img src=/canary onerror=canary()>-->',
  '<![CDATA[<x-canary>]]>',
  '<?xml version="1.0"?><x-canary/>',
  '&lt;x-canary&gt;',
  '&#60;img src=/canary onerror=canary()&#62;',
  '%3Cimg%20src%3D/canary%20onerror%3Dcanary()%3E',
  '\\u003cimg src=/canary onerror=canary()\\u003e',
  '＜img src=/canary onerror=canary()＞',
  '${canary()}',
  '{{canary()}}',
  '{{constructor.constructor("canary()")()}}',
  '#{canary()}',
  '<%= canary() %>',
  '`+canary()+`',
  "'-canary()-'",
  '";canary();//',
  "');canary();//",
  '\\";canary();//',
  '\n\ncanary()\n',
  '{"__proto__":{"canary":true}}',
  '{"constructor":{"prototype":{"canary":true}}}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'undefined',
  'null',
  'NaN',
  '=cmd|"/C canary"!A1',
  '@SUM(canary)',
  "' OR 1=1 --",
  '../../../../canary',
  '%2e%2e%2fcanary',
  '\r\nSet-Cookie: canary=1',
  '\r\nLocation: /canary',
  '\u001b]0;canary\u0007',
  '\u001b[31mcanary',
  '%s%n%x',
]

/** Text that looks like another text, or breaks what stands around it. */
export const spoofs = [
  '\u202egpj.exe',
  '\u202d\u202e\u202b\u202a',
  '\u2066\u2067\u2068',
  'web\u200b-01',
  '\ufeffweb-01',
  'w\u00adeb',
  'a\u2028b\u2029c',
  '\u0000\u0007\u0008\u001b',
  '\u{e0041}\u{e0042}',
  '\u3164\u3164',
  'раураl.example',
  'Z\u0351\u036e\u0312\u0308\u0301algo',
]

/** Every one ends in a mark of its own, by which a page is seen to show it. */
export const hostile: readonly string[] = [...markup, ...spoofs].map((text, index) => `${text} h${String(index).padStart(3, '0')}`)

/** All of them, in texts that a field of one value can hold and a page shows whole. */
export const hostileTexts: readonly string[] = hostile.reduce<string[]>(
  (texts, text) => {
    const last = texts.at(-1) ?? ''
    if (last.length + text.length < 1800) texts[texts.length - 1] = `${last} ${text}`
    else texts.push(text)
    return texts
  },
  [''],
)
