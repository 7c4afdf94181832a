import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import type { ScalarName, Shape } from './fields.ts';

const scalarTypes: Record<ScalarName, Type> = {
  uint32: Type.UINT32,
  int32: Type.INT32,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
  uint64: Type.UINT64,
  int64: Type.INT64,
  sint64: Type.SINT64,
  fixed64: Type.FIXED64,
  bool: Type.BOOL,
  text: Type.BYTES,
  bytes: Type.BYTES,
};

/** A shape and all that it is made of, each once. */
function withParts(root: Shape): Shape[] {
  const found = new Set<Shape>();
  const visit = (shape: Shape) => {
    if (found.has(shape)) return;
    found.add(shape);
    for (const { type } of Object.values(shape.fields)) if (typeof type !== 'string') visit(type);
  };
  visit(root);
  return [...found];
}

/**
 * One message as a descriptor. Optional fields are those of proto3, the only ones that a decoded message leaves
 * undefined when they are missing; that a required field is there is the wire check's business.
 */
function describe(shape: Shape): DescriptorProto {
  const fields = Object.entries(shape.fields);
  const single = fields.filter(([, field]) => field.rule !== 'repeated').map(([name]) => name);
  return create(DescriptorProtoSchema, {
    name: shape.name,
    oneofDecl: single.map((name) => ({ name: `_${name}` })),
    field: fields.map(([name, { number, rule, type }]) => ({
      name,
      number,
      label: rule === 'repeated' ? Label.REPEATED : Label.OPTIONAL,
      ...(typeof type === 'string'
        ? { type: scalarTypes[type] }
        : { type: Type.MESSAGE, typeName: `.criu.${type.name}` }),
      ...(rule === 'repeated'
        ? { options: { packed: false } }
        : { oneofIndex: single.indexOf(name), proto3Optional: true }),
    })),
  });
}

/** The descriptor by which the protobuf library decodes and encodes messages of a shape. */
export function descriptorOf(root: Shape): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: `${root.name}.proto`,
    package: 'criu',
    syntax: 'proto3',
    messageType: withParts(root).map(describe),
  });
  const descriptor = createFileRegistry(file, () => undefined).getMessage(`criu.${root.name}`);
  if (descriptor === undefined) throw new Error(`no descriptor for ${root.name}`);
  return descriptor;
}
