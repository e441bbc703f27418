import type { ComponentProps } from 'preact';

/** A button that submits nothing. `refused`: why it may not be pressed now, which its tooltip says. */
export function Button(props: ComponentProps<'button'> & { refused?: string | null }) {
  const { refused = null, disabled, class: more, ...rest } = props;
  return (
    <button
      type="button"
      class={`button ${more ?? ''}`}
      disabled={disabled || refused !== null}
      title={refused ?? undefined}
      {...rest}
    />
  );
}
