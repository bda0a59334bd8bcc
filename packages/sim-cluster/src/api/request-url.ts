/** A request's target as a URL. Two slashes at its beginning are two slashes, and no host. */
export const urlOf = (target = '/'): URL => new URL(`https://cluster${target}`)
