// What a person sets once in this browser.
import { create } from 'zustand'
import { persist } from 'zustand/middleware'

type Preferences = {
  sidebarCollapsed: boolean
  /** Whether single letters act (WCAG 2.1.4: they can be switched off). */
  singleKeys: boolean
}

export const usePreferences = create<Preferences>()(
  persist((): Preferences => ({ sidebarCollapsed: false, singleKeys: true }), { name: 'virtdeck.preferences' }),
)
