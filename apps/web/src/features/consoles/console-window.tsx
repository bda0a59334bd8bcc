// Placeholder until this page is built.
export function ConsoleWindow() {
  return null
}
