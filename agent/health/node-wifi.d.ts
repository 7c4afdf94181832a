declare module 'node-wifi' {
  const wifi: { init(options: { iface: string | null }): void; scan(): Promise<unknown[]> };
  export default wifi;
}
