// Placeholder until this page is built.
export function VmConsoleTab() {
  return null
}
