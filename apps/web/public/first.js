// What does not wait for the app's code. It blocks the first paint for the moment it takes to know the theme, and asks
// for what every page shows, so that the answers come together with the code. A file of its own: the CSP forbids inline scripts.
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
  if (stored('virtdeck.rows') && urls.length > 0 && !pathname.startsWith('/console/')) urls.push('/api/inventory/virtualmachines')
  const answers = {}
  for (const url of urls) {
    answers[url] = fetch(url, { headers: { accept: 'application/json' } })
    answers[url].catch(() => {})
  }
  globalThis.virtdeckEarly = { at: performance.now(), answers }
})()
