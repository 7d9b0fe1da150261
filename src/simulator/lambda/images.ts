import { IMAGE_FAMILIES, type InstanceTypeSpec, type RegionSpec } from '../catalogue.ts';
import { seededRandom } from '../random.ts';

/** One machine image in one region. */
export interface Image {
  readonly id: string;
  readonly family: string;
  readonly version: string;
  readonly description: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly region: RegionSpec;
}

/** One entry per family, region and architecture that is sold there (§2.8: "one entry per region"). */
export function imagesOf(types: readonly InstanceTypeSpec[], regions: readonly RegionSpec[]): readonly Image[] {
  return regions.flatMap((region) => {
    const sold = types.filter((type) => type.regions.includes(region.name)).map(({ architecture }) => architecture);
    return IMAGE_FAMILIES.flatMap((image) =>
      [...new Set(['x86_64' as const, ...sold])].map((architecture) => ({
        ...image,
        id: seededRandom(0, 'image', image.family, architecture, region.name).uuid(),
        architecture,
        region,
      })),
    );
  });
}
