//! Integer elements.

/// An integer element. Arithmetic wraps, as in NumPy.
pub trait Integer: Copy + Ord + Send + Sync + 'static {
    /// The least that there is.
    const LOWEST: i64;

    /// Its value.
    fn to_i64(self) -> i64;

    /// The value modulo two to the number of its bits.
    fn wrap(value: i64) -> Self;
}

macro_rules! integer {
    ($($type:ty)*) => {
        $(impl Integer for $type {
            const LOWEST: i64 = <$type>::MIN as i64;

            #[inline(always)]
            fn to_i64(self) -> i64 {
                self as i64
            }

            #[inline(always)]
            fn wrap(value: i64) -> Self {
                value as Self
            }
        })*
    };
}

integer!(i8 i16 i32 i64 u8 u32);
