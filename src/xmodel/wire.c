/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* libxir aborts the process on a file libprotobuf cannot parse. This walk is
 * stricter than libprotobuf: besides damage it refuses whatever no writer
 * produces and two parsers could read differently (fields given twice, wrong
 * wire types, NULs in strings). */

#include "wire.h"

#include "xmodel-limits.h"
#include "xmodel.pb-c.h"

#include <string.h>

typedef enum {
  WIRE_VARINT = 0,
  WIRE_FIXED64 = 1,
  WIRE_BYTES = 2,
  WIRE_FIXED32 = 5,
} WireType;

/* @memory: about as many bytes as unpacking takes */
typedef struct {
  const guint8 *start;
  gsize size;
  guint n_fields;
  guint n_ops;
  guint n_argument_ops;
  gsize memory;
} Walk;

typedef struct {
  guint32 number;
  WireType type;
  const guint8 *data;
  gsize size;
} Field;

static gboolean walk_message (Walk *walk,
    const ProtobufCMessageDescriptor *descriptor, const guint8 *data,
    const guint8 *end, guint depth, GError **error);

static gboolean
damaged (const Walk *walk, const ProtobufCMessageDescriptor *descriptor,
    const guint8 *at, const gchar *what, GError **error)
{
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_INVALID,
      "the file is damaged or no xmodel: %s (at byte %" G_GSIZE_FORMAT
      ", in message %s)",
      what, (gsize) (at - walk->start), descriptor->short_name);
  return FALSE;
}

/* Fields of the file itself reach to its end, so that what is wrong with one,
 * after good ones, is most likely that the file stops there. */
static gboolean
cut_off (const Walk *walk, const ProtobufCMessageDescriptor *descriptor,
    const guint8 *at, const gchar *what, GError **error)
{
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_INVALID,
      "the file is damaged, or cut off: %s (at byte %" G_GSIZE_FORMAT
      ", in message %s). It has %" G_GSIZE_FORMAT
      " bytes; compare that with the original, and copy or download it again",
      what, (gsize) (at - walk->start), descriptor->short_name, walk->size);
  return FALSE;
}

static gboolean
read_varint (const guint8 **data, const guint8 *end, guint64 *value)
{
  const guint8 *at = *data;
  guint64 result = 0;
  guint shift;

  for (shift = 0; shift < 70 && at < end; shift += 7) {
    guint8 byte = *at++;

    /* the tenth byte has room for one bit */
    if (shift == 63 && byte > 1)
      return FALSE;
    result |= (guint64) (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *data = at;
      *value = result;
      return TRUE;
    }
  }
  return FALSE;
}

/* returns what is wrong, NULL when all is well */
static const gchar *
read_field (const guint8 **data, const guint8 *end, Field *field)
{
  guint64 tag, length;
  const guint8 *at = *data;

  if (!read_varint (&at, end, &tag) || tag > G_MAXUINT32 || (tag >> 3) == 0)
    return "a field has no valid number";
  field->number = tag >> 3;
  field->type = tag & 7;
  field->data = at;

  switch (tag & 7) {
    case WIRE_VARINT:
      if (!read_varint (&at, end, &length))
        return "a number is cut off or too long";
      break;
    case WIRE_FIXED64:
      if (end - at < 8)
        return "a number is cut off";
      at += 8;
      break;
    case WIRE_FIXED32:
      if (end - at < 4)
        return "a number is cut off";
      at += 4;
      break;
    case WIRE_BYTES:
      if (!read_varint (&at, end, &length))
        return "a length is cut off or too long";
      if (length > (guint64) (end - at))
        return "a field is longer than the message around it";
      field->data = at;
      at += length;
      break;
    default:
      return "a field has an encoding that xmodels do not use";
  }
  field->size = at - field->data;
  *data = at;
  return NULL;
}

static WireType
wire_type_of (ProtobufCType type)
{
  switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
      return WIRE_BYTES;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
      return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
      return WIRE_FIXED64;
    default:
      return WIRE_VARINT;
  }
}

static const gchar *
check_packed (WireType type, const Field *field, guint *n_values)
{
  const guint8 *at = field->data;
  const guint8 *end = at + field->size;
  guint64 value;

  *n_values = 0;
  switch (type) {
    case WIRE_FIXED32:
      return field->size % 4 ? "a list of numbers is cut off" : NULL;
    case WIRE_FIXED64:
      return field->size % 8 ? "a list of numbers is cut off" : NULL;
    default:
      for (; at < end; (*n_values)++) {
        if (!read_varint (&at, end, &value))
          return "a list of numbers is cut off";
      }
      return NULL;
  }
}

static gboolean
count_fields (Walk *walk, guint n, GError **error)
{
  walk->n_fields += MIN (n, XMODEL_MAX_FIELDS + 1);
  if (walk->n_fields <= XMODEL_MAX_FIELDS)
    return TRUE;
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
      "the model has more than %d fields and numbers in lists, which no model "
      "for a DPU has",
      XMODEL_MAX_FIELDS);
  return FALSE;
}

/* a few bytes of a file may become a structure of a hundred */
static gboolean
count_memory (Walk *walk, gsize size, GError **error)
{
  gsize limit = XMODEL_FREE_MEMORY + XMODEL_MAX_GROWTH * walk->size;

  walk->memory += size;
  if (walk->memory <= limit)
    return TRUE;
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
      "the file of %" G_GSIZE_FORMAT
      " bytes would take more than %" G_GSIZE_FORMAT
      " when it is read, which no model for a DPU does",
      walk->size, limit);
  return FALSE;
}

static gboolean
count_field (Walk *walk, const ProtobufCMessageDescriptor *message,
    const Field *field, GError **error)
{
  /* what protobuf-c notes of a field, an allocation and a pointer to it */
  if (!count_fields (walk, 1, error) || !count_memory (walk, 88, error))
    return FALSE;
  if (message == &xmodel_file__graph__descriptor && field->number == 5
      && ++walk->n_ops > XMODEL_MAX_OPS) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
        "the model has more than %d operators, which take too long to "
        "load",
        XMODEL_MAX_OPS);
    return FALSE;
  }
  if (message == &xmodel_file__argument__descriptor && field->number == 2
      && ++walk->n_argument_ops > XMODEL_MAX_EDGES) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
        "the operators of the model have more than %d inputs, which take "
        "too long to load",
        XMODEL_MAX_EDGES);
    return FALSE;
  }
  return TRUE;
}

static gboolean
walk_field (Walk *walk, const ProtobufCMessageDescriptor *message,
    const ProtobufCFieldDescriptor *known, const Field *field, guint depth,
    GError **error)
{
  WireType expected = wire_type_of (known->type);

  if (field->type != expected) {
    const gchar *problem;
    guint n_values;

    if (field->type != WIRE_BYTES || known->label != PROTOBUF_C_LABEL_REPEATED)
      return damaged (walk, message, field->data,
          "a field is not of the type it should be", error);
    problem = check_packed (expected, field, &n_values);
    if (problem != NULL)
      return damaged (walk, message, field->data, problem, error);
    return count_fields (walk, n_values, error)
           && count_memory (walk, n_values * sizeof (guint64), error);
  }

  switch (known->type) {
    case PROTOBUF_C_TYPE_STRING:
      if (!g_utf8_validate_len ((const gchar *) field->data, field->size, NULL))
        return damaged (walk, message, field->data,
            "a text is not UTF-8 or has zero bytes in it", error);
      return count_memory (walk, field->size, error);
    case PROTOBUF_C_TYPE_BYTES:
      return count_memory (walk, field->size, error);
    case PROTOBUF_C_TYPE_MESSAGE: {
      const ProtobufCMessageDescriptor *inner = known->descriptor;

      return count_memory (walk, inner->sizeof_message, error)
             && walk_message (walk, inner, field->data,
                 field->data + field->size, depth + 1, error);
    }
    default:
      return TRUE;
  }
}

static guint64
bit_of (const ProtobufCMessageDescriptor *message,
    const ProtobufCFieldDescriptor *field)
{
  return G_GUINT64_CONSTANT (1) << (field - message->fields);
}

/* what a complete message must have: maps are written with both halves of
 * each entry, and libxir cannot do with an attribute without a value */
static gboolean
is_complete (const ProtobufCMessageDescriptor *message, guint64 seen)
{
  const ProtobufCFieldDescriptor *default_value;

  if (message == &xmodel_file__attribute__descriptor)
    return seen != 0;
  if (message == &xmodel_file__attribute_definition__descriptor) {
    default_value = protobuf_c_message_descriptor_get_field_by_name (
        message, "default_value");
    return (seen & bit_of (message, default_value)) != 0;
  }
  if (message->n_fields == 2 && strcmp (message->fields[0].name, "key") == 0)
    return seen == 3;
  return TRUE;
}

static gboolean
walk_message (Walk *walk, const ProtobufCMessageDescriptor *message,
    const guint8 *data, const guint8 *end, guint depth, GError **error)
{
  const guint8 *at = data;
  guint64 seen = 0;

  if (depth > XMODEL_MAX_NESTING) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
        "the messages of the file are nested more than %d deep",
        XMODEL_MAX_NESTING);
    return FALSE;
  }

  while (at < end) {
    const ProtobufCFieldDescriptor *known;
    const ProtobufCMessageDescriptor *owner = message;
    const guint8 *field_start = at;
    const gchar *problem;
    Field field;

    problem = read_field (&at, end, &field);
    if (problem != NULL)
      return depth == 1 && field_start > data
                 ? cut_off (walk, message, field_start, problem, error)
                 : damaged (walk, message, field_start, problem, error);
    if (!count_field (walk, message, &field, error))
      return FALSE;

    known = protobuf_c_message_descriptor_get_field (message, field.number);
    if (known == NULL && message == &xmodel_file__graph__descriptor) {
      owner = &xmodel_file__graph_definitions__descriptor;
      known = protobuf_c_message_descriptor_get_field (owner, field.number);
    }
    /* later versions of the format may add fields, which are kept */
    if (known == NULL) {
      if (!count_memory (walk, field.size, error))
        return FALSE;
      continue;
    }

    if (known->label != PROTOBUF_C_LABEL_REPEATED) {
      guint64 bit = bit_of (owner, known);
      gboolean is_choice = (known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;

      if ((seen & bit) || (is_choice && seen != 0))
        return damaged (walk, message, field_start,
            "a field that can be there once is there twice", error);
      seen |= bit;
    }
    if (!walk_field (walk, owner, known, &field, depth, error))
      return FALSE;
  }

  if (!is_complete (message, seen))
    return damaged (walk, message, data,
        "an attribute or an entry of a map has no key or no value", error);
  return TRUE;
}

/* what people take for an xmodel by mistake, and what to do where that is not
 * plain */
typedef struct {
  const gchar *magic;
  const gchar *name;
  const gchar *advice;
} OtherFormat;

static const OtherFormat other_formats[] = {
  { "version https://git-lfs", "a pointer to the model, as Git LFS leaves it",
      "; fetch the model itself with \"git lfs pull\"" },
  { "Entry not found",
      "the words \"Entry not found\", which a server sends in the place of a file "
      "that it does not have",
      "; check the address and download it again" },
  { "<!DOCTYPE", "a web page", "; download the file, not the page about it" },
  { "<html", "a web page", "; download the file, not the page about it" },
  { "PK\003\004", "a zip archive, as PyTorch's files are", "" },
  { "\211HDF", "an HDF5 file", "" },
  { "\037\213", "a gzip archive", "" },
  { "\177ELF", "a program or library", "" },
  { "{", "a text", "" },
  { "<", "a text", "" },
  { "#", "a text", "" },
  { "[", "a text", "" },
};

static const OtherFormat *
find_other_format (const guint8 *data, gsize size)
{
  for (guint i = 0; i < G_N_ELEMENTS (other_formats); i++) {
    gsize length = strlen (other_formats[i].magic);

    if (size >= length && memcmp (data, other_formats[i].magic, length) == 0)
      return &other_formats[i];
  }
  return NULL;
}

/*
 * xmodel_wire_check:
 * @data: (array length=size): the content of a file
 *
 * Returns: %TRUE when @data is a well-formed message within the limits, so
 * that both protobuf-c and libprotobuf parse it, alike
 */
gboolean
xmodel_wire_check (const guint8 *data, gsize size, GError **error)
{
  Walk walk = { .start = data, .size = size };
  const OtherFormat *other;

  if (size == 0) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_INVALID,
        "the file is empty: a model has no operators then");
    return FALSE;
  }
  if (size > XMODEL_MAX_BYTES) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
        "the file has %" G_GSIZE_FORMAT " bytes, more than the %d that are "
        "read",
        size, XMODEL_MAX_BYTES);
    return FALSE;
  }
  other = find_other_format (data, size);
  if (other != NULL) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_INVALID,
        "the file is %s, not an xmodel%s", other->name, other->advice);
    return FALSE;
  }
  return walk_message (
      &walk, &xmodel_file__graph__descriptor, data, data + size, 1, error);
}
