// What does not wait for the app's code: it stands in the page itself (vite.config.ts), with the page's nonce. The first paint
// is of the right theme, and what every page shows is asked for, so that the answers come together with the code.
;(() => {
  const stored = (key) => {
    try {
      return localStorage.getItem(key)
    } catch {
      // Storage is forbidden: the system's theme it is, and nothing is asked for early.
      return null
    }
  }
  const choice = stored('virtdeck.theme')
  const light = choice === 'light' || (choice !== 'dark' && matchMedia('(prefers-color-scheme: light)').matches)
  document.documentElement.dataset.theme = light ? 'light' : 'dark'

  // api/early.ts takes the answers. A console's window and the sign-in page show no rows.
  const { pathname } = location
  const urls = pathname === '/sign-in' ? [] : ['/api/session']
  if (stored('virtdeck.rows') && urls.length > 0 && !pathname.startsWith('/console/'))
    urls.push('/api/inventory/virtualmachines?followed=true')
  const answers = {}
  for (const url of urls) {
    answers[url] = fetch(url, { headers: { accept: 'application/json' } })
    answers[url].catch(() => {})
  }
  globalThis.virtdeckEarly = { at: performance.now(), answers }
})()
