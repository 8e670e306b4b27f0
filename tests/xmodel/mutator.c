/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Damages models in ways that a seed repeats. Most changes are made to a tree
 * of fields and written back well-formed, to get past the first checks; the
 * others are made to the bytes. */

#include "mutator.h"

#include "xmodel.pb-c.h"

#include <string.h>

typedef struct _Node Node;

struct _Node {
  guint32 number;
  guint wire_type;
  /* of the message around it, NULL where that is not known */
  const ProtobufCFieldDescriptor *field;
  guint64 value;
  GByteArray *payload;
  /* of messages, instead of a payload */
  GPtrArray *children;
};

typedef struct {
  GPtrArray *siblings;
  guint index;
} Place;

static void
node_free (Node *node)
{
  g_clear_pointer (&node->payload, g_byte_array_unref);
  g_clear_pointer (&node->children, g_ptr_array_unref);
  g_free (node);
}

static Node *
node_copy (const Node *node)
{
  Node *copy = g_memdup2 (node, sizeof (*node));
  guint i;

  if (node->payload != NULL) {
    copy->payload = g_byte_array_new ();
    g_byte_array_append (
        copy->payload, node->payload->data, node->payload->len);
  }
  if (node->children != NULL) {
    copy->children =
        g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);
    for (i = 0; i < node->children->len; i++)
      g_ptr_array_add (copy->children, node_copy (node->children->pdata[i]));
  }
  return copy;
}

static gboolean
read_varint (const guint8 **data, const guint8 *end, guint64 *value)
{
  guint shift;

  *value = 0;
  for (shift = 0; shift < 70 && *data < end; shift += 7) {
    guint8 byte = *(*data)++;

    if (shift < 64)
      *value |= (guint64) (byte & 0x7f) << shift;
    if (byte < 0x80)
      return TRUE;
  }
  return FALSE;
}

static void
write_varint (GByteArray *out, guint64 value)
{
  do {
    guint8 byte = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);

    g_byte_array_append (out, &byte, 1);
    value >>= 7;
  } while (value != 0);
}

/* returns NULL for what is no message */
static GPtrArray *
parse_fields (const ProtobufCMessageDescriptor *message, const guint8 *data,
    const guint8 *end, guint depth)
{
  g_autoptr (GPtrArray) nodes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) node_free);

  while (data < end) {
    Node *node = g_new0 (Node, 1);
    guint64 tag, size = 0;

    g_ptr_array_add (nodes, node);
    if (!read_varint (&data, end, &tag) || depth > 40)
      return NULL;
    node->number = tag >> 3;
    node->wire_type = tag & 7;
    node->field =
        protobuf_c_message_descriptor_get_field (message, node->number);
    if (node->wire_type == 0) {
      if (!read_varint (&data, end, &node->value))
        return NULL;
      continue;
    }
    if (node->wire_type == 2 && !read_varint (&data, end, &size))
      return NULL;
    if (node->wire_type == 1 || node->wire_type == 5)
      size = node->wire_type == 1 ? 8 : 4;
    if (size > (guint64) (end - data) || (size == 0 && node->wire_type != 2))
      return NULL;
    if (node->wire_type == 2 && node->field != NULL
        && node->field->type == PROTOBUF_C_TYPE_MESSAGE)
      node->children =
          parse_fields (node->field->descriptor, data, data + size, depth + 1);
    if (node->children == NULL) {
      node->payload = g_byte_array_new ();
      g_byte_array_append (node->payload, data, size);
    }
    data += size;
  }
  return g_steal_pointer (&nodes);
}

static void
write_fields (GByteArray *out, const GPtrArray *nodes)
{
  guint i;

  for (i = 0; i < nodes->len; i++) {
    const Node *node = nodes->pdata[i];

    write_varint (out, (guint64) node->number << 3 | node->wire_type);
    if (node->children != NULL) {
      g_autoptr (GByteArray) inner = g_byte_array_new ();

      write_fields (inner, node->children);
      write_varint (out, inner->len);
      g_byte_array_append (out, inner->data, inner->len);
    } else if (node->payload != NULL) {
      if (node->wire_type == 2)
        write_varint (out, node->payload->len);
      g_byte_array_append (out, node->payload->data, node->payload->len);
    } else {
      write_varint (out, node->value);
    }
  }
}

static void
collect_places (GPtrArray *siblings, GArray *places)
{
  guint i;

  for (i = 0; i < siblings->len; i++) {
    Place place = { siblings, i };
    Node *node = siblings->pdata[i];

    g_array_append_val (places, place);
    if (node->children != NULL)
      collect_places (node->children, places);
  }
}

static guint64
pick_number (GRand *random, guint64 old)
{
  static const gint64 numbers[] = { 0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 100,
    127, 128, 255, 256, 4096, 32768, 46341, 65536, 1 << 20, 1 << 28, G_MAXINT32,
    G_MININT32, G_GINT64_CONSTANT (1) << 31, G_MAXUINT32,
    G_GINT64_CONSTANT (1) << 32, G_MAXINT64, -1, -2, -128 };

  switch (g_rand_int_range (random, 0, 4)) {
    case 0:
      return old + 1;
    case 1:
      return old - 1;
    case 2:
      return old ^ (G_GUINT64_CONSTANT (1) << g_rand_int_range (random, 0, 34));
    default:
      return numbers[g_rand_int_range (random, 0, G_N_ELEMENTS (numbers))];
  }
}

/* a list of varints: changes, adds or removes one */
static void
mutate_packed (GRand *random, GByteArray *payload)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (guint64));
  const guint8 *data = payload->data;
  const guint8 *end = payload->len > 0 ? data + payload->len : data;
  guint64 value = 0;
  guint i, index;

  while (data < end && values->len < 1000 && read_varint (&data, end, &value))
    g_array_append_val (values, value);
  index = values->len > 0 ? g_rand_int_range (random, 0, values->len) : 0;
  switch (g_rand_int_range (random, 0, 4)) {
    case 0:
      if (values->len > 0)
        g_array_remove_index (values, index);
      break;
    case 1:
      value = pick_number (random, value);
      g_array_insert_val (values, index, value);
      break;
    default:
      if (values->len > 0)
        g_array_index (values, guint64, index) =
            pick_number (random, g_array_index (values, guint64, index));
      break;
  }
  g_byte_array_set_size (payload, 0);
  for (i = 0; i < values->len; i++)
    write_varint (payload, g_array_index (values, guint64, i));
}

static void
mutate_payload (GRand *random, GByteArray *payload)
{
  guint8 byte = g_rand_int_range (random, 0, 256);
  guint n_times;

  switch (g_rand_int_range (random, 0, 5)) {
    case 0:
      g_byte_array_set_size (payload,
          payload->len > 0 ? g_rand_int_range (random, 0, payload->len) : 0);
      break;
    case 1:
      for (n_times = g_rand_int_range (random, 1, 40); n_times > 0; n_times--)
        g_byte_array_append (payload, &byte, 1);
      break;
    case 2: {
      guint length = MIN (payload->len, 4096);
      g_autofree guint8 *range = g_memdup2 (payload->data, length);

      g_byte_array_append (payload, range, length);
      break;
    }
    default:
      if (payload->len > 0)
        payload->data[g_rand_int_range (random, 0, payload->len)] ^= byte;
      break;
  }
}

static void
mutate_content (GRand *random, Node *node)
{
  if (node->payload == NULL)
    node->value = pick_number (random, node->value);
  else if (node->wire_type == 2 && node->field != NULL
           && node->field->label == PROTOBUF_C_LABEL_REPEATED
           && node->field->type != PROTOBUF_C_TYPE_STRING
           && node->field->type != PROTOBUF_C_TYPE_MESSAGE
           && node->field->type != PROTOBUF_C_TYPE_FLOAT)
    mutate_packed (random, node->payload);
  else
    mutate_payload (random, node->payload);
}

/* another field of the same kind, from anywhere in the file */
static const Node *
find_relative (GRand *random, const GArray *places, const Node *node)
{
  guint n_tries;

  for (n_tries = 0; n_tries < 200; n_tries++) {
    const Place *place = &g_array_index (
        places, Place, g_rand_int_range (random, 0, places->len));
    const Node *other = place->siblings->pdata[place->index];

    if (other != node && other->field == node->field
        && other->wire_type == node->wire_type)
      return other;
  }
  return node;
}

static void
mutate_tree (GRand *random, GPtrArray *root)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  const Place *place;
  Node *node, *copy;
  guint other;

  collect_places (root, places);
  if (places->len == 0)
    return;
  place =
      &g_array_index (places, Place, g_rand_int_range (random, 0, places->len));
  node = place->siblings->pdata[place->index];
  other = g_rand_int_range (random, 0, place->siblings->len);

  switch (g_rand_int_range (random, 0, 8)) {
    case 0:
      g_ptr_array_remove_index (place->siblings, place->index);
      break;
    case 1:
      g_ptr_array_insert (place->siblings, other, node_copy (node));
      break;
    case 2:
      place->siblings->pdata[place->index] = place->siblings->pdata[other];
      place->siblings->pdata[other] = node;
      break;
    case 3:
    case 4:
      copy = node_copy (find_relative (random, places, node));
      place->siblings->pdata[place->index] = copy;
      node_free (node);
      break;
    case 5:
      node->number = g_rand_int_range (random, 1, 33);
      break;
    default:
      if (node->children == NULL)
        mutate_content (random, node);
      break;
  }
}

static void
mutate_bytes (GRand *random, GByteArray *bytes)
{
  guint start, length, i;

  if (bytes->len < 2)
    return;
  start = g_rand_int_range (random, 0, bytes->len);
  length = g_rand_int_range (random, 1, 64);
  length = MIN (length, bytes->len - start);
  switch (g_rand_int_range (random, 0, 5)) {
    case 0:
      g_byte_array_set_size (bytes, start);
      break;
    case 1: {
      g_autofree guint8 *range = g_memdup2 (bytes->data + start, length);

      g_byte_array_append (bytes, range, length);
      memmove (bytes->data + start + length, bytes->data + start,
          bytes->len - start - length);
      memcpy (bytes->data + start, range, length);
      break;
    }
    case 2:
      g_byte_array_remove_range (bytes, start, length);
      break;
    case 3:
      bytes->data[start] += g_rand_boolean (random) ? 1 : 255;
      break;
    default:
      for (i = 0; i < MIN (length, 4); i++)
        bytes->data[g_rand_int_range (random, 0, bytes->len)] ^=
            1 << g_rand_int_range (random, 0, 8);
      break;
  }
}

/*
 * xmodel_mutate:
 * @model: the bytes of a model
 * @seed: any number; the same one gives the same result
 *
 * Returns: (transfer full): @model with one to four changes
 */
GBytes *
xmodel_mutate (GBytes *model, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) root = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (model, &size);
  gint n_changes = g_rand_int_range (random, 1, 5);

  if (g_rand_int_range (random, 0, 5) > 0)
    root = parse_fields (&xmodel_file__graph__descriptor, data, data + size, 0);
  if (root == NULL) {
    g_byte_array_append (out, data, size);
    mutate_bytes (random, out);
  } else {
    for (; n_changes > 0; n_changes--)
      mutate_tree (random, root);
    write_fields (out, root);
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}
