/**
 * Prints the networks that NetworkManager sees, as one line of JSON. A program of its own: node-wifi rewrites the locale
 * of its process, knows no time-out and cannot be stopped.
 */
import wifi from 'node-wifi';

wifi.init({ iface: null });
process.stdout.write(`${JSON.stringify(await wifi.scan())}\n`);
