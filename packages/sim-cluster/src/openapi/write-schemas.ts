// Part of the build: leaves the schemas beside the bundles.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateSchemas } from './generate.ts'
import { schemasFileName } from './load.ts'

/** Writes the file that bundles read their schemas from. */
export async function writeSchemas(directory: string): Promise<void> {
  await writeFile(join(directory, schemasFileName), JSON.stringify(await generateSchemas()))
}
