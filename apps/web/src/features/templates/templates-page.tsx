// Placeholder until this page is built.
export function TemplatesPage() {
  return null
}
