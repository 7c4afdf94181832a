/** Puts a shell script in the place of a program of a node; it goes on as that program, with its arguments. */
function standIn(program: 'criu' | 'runc', script: string): string {
  const path = `/usr/sbin/${program}`;
  return `mv ${path} ${path}.real
cat >${path} <<'END'
#!/bin/sh
${script}
exec ${path}.real "$@"
END
chmod 755 ${path}`;
}

/** The program itself again. */
export const putBack = (program: 'criu' | 'runc'): string => `mv /usr/sbin/${program}.real /usr/sbin/${program}`;

/** A CRIU that does something before it dumps or restores for runC. */
export const standInForCriu = (script: string): string => standIn('criu', `case "$*" in *swrk*) ${script} ;; esac`);

/**
 * A runC that first changes an action script of CRIU's, which lies beside the images.
 *
 * @param file - the script, from the directory that holds that of the images
 * @param edit - for sed; `$images` is the directory of the images
 */
export const standInForRunc = (verb: 'checkpoint' | 'restore', file: string, edit: string): string =>
  standIn(
    'runc',
    `case " $* " in *" ${verb} "*)
  images=
  for word; do [ "$before" = --image-path ] && images=$word; before=$word; done
  sed -i "${edit}" "\${images%/images}/${file}" ;;
esac`,
  );
