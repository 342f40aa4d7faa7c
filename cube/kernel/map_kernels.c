/* map_kernels.c - the loops of map.h, one for each pair of types */
#include "cube/kernel/clones.h"
#include "cube/kernel/map.h"

#define CAT3_(a, b, c) a##_##b##_##c
#define CAT3(a, b, c) CAT3_ (a, b, c)

#define T uint8_t
#define TN u8
#define UT uint8_t
#define WIDER8 uint8_t
#include "cube/kernel/map_in.inc"
#define T int8_t
#define TN i8
#define UT uint8_t
#define WIDER8 uint8_t
#include "cube/kernel/map_in.inc"
#define T uint16_t
#define TN u16
#define UT uint16_t
#define WIDER8 uint16_t
#include "cube/kernel/map_in.inc"
#define T int16_t
#define TN i16
#define UT uint16_t
#define WIDER8 uint16_t
#include "cube/kernel/map_in.inc"

enum { OUT_B8 = 0, OUT_B16, OUT_B32, OUT_F32, N_OUTS };

#define KERNELS(type, out)                                                                         \
	{                                                                                              \
		s_map1_##type##_##out, s_map2_##type##_##out, s_map3_##type##_##out                        \
	}
#define KERNELS_OF(type)                                                                           \
	{                                                                                              \
		KERNELS (type, b8), KERNELS (type, b16), KERNELS (type, b32), KERNELS (type, f32)          \
	}

static weir_map_fn_t *const s_kernels[4][N_OUTS][3] = {
	[WEIR_U8] = KERNELS_OF (u8),
	[WEIR_I8] = KERNELS_OF (i8),
	[WEIR_U16] = KERNELS_OF (u16),
	[WEIR_I16] = KERNELS_OF (i16),
};

weir_map_fn_t *
weir_map_kernel (weir_type_t in, weir_type_t out, int which)
{
	static const int outs[WEIR_N_TYPES] = { OUT_B8,  OUT_B8,  OUT_B16, OUT_B16,
		                                    OUT_B32, OUT_B32, OUT_F32, -1 };
	if (in > WEIR_I16 || outs[out] < 0)
		return NULL;
	return s_kernels[in][outs[out]][which - 1];
}

#define TABLES_OF(type)                                                                            \
	{                                                                                              \
		s_table_##type##_b8, s_table_##type##_b16, s_table_##type##_b32, s_table_##type##_b64      \
	}

weir_map_table_fn_t *
weir_map_table_kernel (weir_type_t in, weir_type_t out)
{
	static weir_map_table_fn_t *const kernels[4][4] = {
		[WEIR_U8] = TABLES_OF (u8),
		[WEIR_I8] = TABLES_OF (i8),
		[WEIR_U16] = TABLES_OF (u16),
		[WEIR_I16] = TABLES_OF (i16),
	};
	size_t bytes = weir_type_size (out);
	return kernels[in][bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3];
}
