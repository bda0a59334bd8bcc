const shape = /^\/(?![/\\])[A-Za-z0-9\-._~/?=&%:@,+]*$/
const ambiguous = /%5c|%2f%2f|%(?:[01][0-9a-f]|7f)|\/\.{1,2}(?:\/|$|\?)|\/\//i

/** Where to go after signing in: a path of this origin that every reader takes for one, or home. */
export function returnTo(wanted: unknown, origin: string): string {
  if (typeof wanted !== 'string' || wanted.length > 1024 || !shape.test(wanted) || ambiguous.test(wanted)) return '/'
  return URL.canParse(wanted, origin) && new URL(wanted, origin).origin === origin ? wanted : '/'
}
