import { paths } from '../../paths.ts'

/**
 * Where to go after signing in: the `rt` parameter if it is a path of this app, else home. A value that a browser
 * might read as another origin (`//host`, `/\host`, a scheme) or that leads back to the sign-in page is not.
 */
export function returnPath(search: string): string {
  const wanted = new URLSearchParams(search).get('rt')
  if (!wanted?.startsWith('/')) return paths.home()
  const here = 'http://virtdeck.invalid'
  if (!URL.canParse(wanted, here)) return paths.home()
  const url = new URL(wanted, here)
  if (url.origin !== here || url.pathname.startsWith('//') || url.pathname === paths.signIn()) return paths.home()
  return `${url.pathname}${url.search}${url.hash}`
}
