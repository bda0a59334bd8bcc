// What a person sets once in this browser.
import { createBrowserStore } from './browser-store.ts'

type Preferences = {
  sidebarCollapsed: boolean
  /** Whether single letters act (WCAG 2.1.4: they can be switched off). */
  singleKeys: boolean
}

export const usePreferences = createBrowserStore<Preferences>('virtdeck.preferences', { sidebarCollapsed: false, singleKeys: true })
