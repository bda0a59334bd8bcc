// Blocks the first paint for the moment it takes to know the theme; a file of its own, because the CSP forbids inline scripts.
;(() => {
  let choice
  try {
    choice = localStorage.getItem('virtdeck.theme')
  } catch {
    // Storage is forbidden: the system's theme it is.
  }
  const light = choice === 'light' || (choice !== 'dark' && matchMedia('(prefers-color-scheme: light)').matches)
  document.documentElement.dataset.theme = light ? 'light' : 'dark'
})()
