import { addressSchema, macSchema } from '../../broker/contract/ids.ts';

/** What the DHCP server knows of a station. */
export interface Lease {
  address: string;
  hostName?: string;
}

/**
 * Reads dnsmasq's lease file: `expiry MAC address hostName clientId` on each line, `*` for what is not known.
 *
 * Lines of DHCPv6 and half-written lines are left out. The expiry only chooses between two leases of one station, since
 * dnsmasq itself removes what has expired, and since it writes durations there on machines without a clock.
 *
 * @returns leases by MAC address with hyphens
 */
export function parseLeases(text: string): Map<string, Lease> {
  const leases = new Map<string, Lease & { expiry: number }>();
  // the last line has no line feed only while dnsmasq is still writing it
  for (const line of text.split('\n').slice(0, -1)) {
    const [expiryText, macText, addressText, name] = line.trim().split(/\s+/);
    if (expiryText === undefined || !/^\d{1,15}$/.test(expiryText) || name === undefined) continue;
    const mac = macSchema.safeParse(macText);
    const address = addressSchema.safeParse(addressText);
    if (!mac.success || !address.success) continue;
    const expiry = expiryText === '0' ? Number.POSITIVE_INFINITY : Number(expiryText);
    if ((leases.get(mac.data)?.expiry ?? -1) > expiry) continue;
    const hostName = /^[A-Za-z0-9._-]{1,253}$/.test(name) ? { hostName: name } : {};
    leases.set(mac.data, { address: address.data, expiry, ...hostName });
  }
  return new Map([...leases].map(([mac, { expiry: _, ...lease }]) => [mac, lease]));
}
