import type { CellId } from '@bulkhead/kernel';

export interface CellLoad {
  readonly id: CellId;
  /** Tenants that may be placed here. */
  readonly capacity: number;
  /** Tenants that have a shared binding here. */
  readonly tenants: number;
}

/**
 * The cell with the largest free share, so that cells of different sizes fill evenly; the older one (smaller id) on a
 * tie. Undefined when every cell is full.
 */
export function chooseCell(cells: readonly CellLoad[]): CellLoad | undefined {
  const free = (cell: CellLoad): number => (cell.capacity - cell.tenants) / cell.capacity;
  return cells
    .filter((cell) => cell.tenants < cell.capacity)
    .toSorted((a, b) => free(b) - free(a) || (a.id < b.id ? -1 : 1))[0];
}
