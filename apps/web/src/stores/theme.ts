// The theme: the system's, or a choice that stays in this browser. first.js applies the same before first paint.
import { create } from 'zustand'

type ThemeChoice = 'system' | 'dark' | 'light'
type Theme = Exclude<ThemeChoice, 'system'>

const KEY = 'virtdeck.theme'

function stored(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY)
    return text === 'dark' || text === 'light' ? text : 'system'
  } catch {
    return 'system'
  }
}

const systemIsLight = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: light)') : undefined
const resolve = (choice: ThemeChoice): Theme => (choice === 'system' ? (systemIsLight?.matches ? 'light' : 'dark') : choice)

type ThemeState = { choice: ThemeChoice; theme: Theme; setChoice: (choice: ThemeChoice) => void }

export const useTheme = create<ThemeState>((set) => ({
  choice: stored(),
  theme: resolve(stored()),
  setChoice(choice) {
    try {
      if (choice === 'system') localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, choice)
    } catch {
      // Storage is forbidden: the choice holds for this tab.
    }
    document.documentElement.dataset.theme = resolve(choice)
    set({ choice, theme: resolve(choice) })
  },
}))

systemIsLight?.addEventListener('change', () => {
  const { choice, setChoice } = useTheme.getState()
  if (choice === 'system') setChoice('system')
})
