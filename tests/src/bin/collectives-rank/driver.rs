//! rlx-driver's own process group over a group of the plugin's.

use half::f16;
use rlx_driver::{ProcessGroup, ReduceKind, Transport as _};
use rlx_host_api::collectives::{Group, Transport};
use rlx_ir::DType;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn all(group: Group) {
    let transport = Arc::new(Transport::new(group));
    let driver = ProcessGroup::new(transport.clone());
    let (rank, ranks) = (driver.rank() as usize, driver.world_size() as usize);

    let mut data: Vec<f32> = (0..1009).map(|i| (i * (rank + 1)) as f32).collect();
    driver.all_reduce(&mut data, ReduceKind::Sum).unwrap();
    let ranks_sum = ranks * (ranks + 1) / 2;
    assert_eq!(data, (0..1009).map(|i| (i * ranks_sum) as f32).collect::<Vec<_>>());
    let mut data = vec![rank as f32; 3];
    driver.all_reduce(&mut data, ReduceKind::Max).unwrap();
    assert_eq!(data, [ranks as f32 - 1.0; 3]);

    let gathered = driver.all_gather(&[rank as f32, -1.0]).unwrap();
    assert_eq!(gathered, (0..ranks).flat_map(|rank| [rank as f32, -1.0]).collect::<Vec<_>>());
    let mut told = [if rank == 1 { 5.0 } else { 0.0 }; 4];
    driver.broadcast(1, &mut told).unwrap();
    assert_eq!(told, [5.0; 4]);
    let dealt = driver.all_to_all(&(0..ranks).map(|to| (rank * 10 + to) as f32).collect::<Vec<_>>()).unwrap();
    assert_eq!(dealt, (0..ranks).map(|from| (from * 10 + rank) as f32).collect::<Vec<_>>());
    let ring: Vec<(u32, u32)> = (0..ranks as u32).map(|from| (from, (from + 1) % ranks as u32)).collect();
    let moved = driver.ppermute(&[rank as f32], &ring).unwrap();
    assert_eq!(moved, [((rank + ranks - 1) % ranks) as f32]);
    driver.barrier().unwrap();
    more(&driver);
    relay(&driver);
    large(&transport);
    large_floats(&driver);

    let before = (rank + ranks - 1) as u32 % ranks as u32;
    assert_eq!(transport.recv_bytes_timeout(before, 77, Duration::from_millis(20)).unwrap(), None);
    driver.barrier().unwrap();
    transport.send_bytes((rank as u32 + 1) % ranks as u32, 77, &[]).unwrap();
    assert_eq!(transport.recv_bytes_timeout(before, 77, super::LONG).unwrap(), Some(Vec::new()));
    assert!(transport.send_bytes(ranks as u32, 0, &[1]).is_err());
    driver.barrier().unwrap();
}

/// What is not for every dtype or every rank.
fn more(driver: &ProcessGroup) {
    let (rank, ranks) = (driver.rank() as usize, driver.world_size() as usize);
    let mut halves = f16::from_f32(rank as f32 + 0.5).to_le_bytes().repeat(33);
    driver.all_reduce_typed(&mut halves, DType::F16, ReduceKind::Sum).unwrap();
    let sum = (0..ranks).map(|rank| rank as f32 + 0.5).sum();
    assert_eq!(halves, f16::from_f32(sum).to_le_bytes().repeat(33));
    let mut kept = vec![rank as f32; 5];
    driver.reduce(1, &mut kept, ReduceKind::Sum).unwrap();
    assert_eq!(kept, vec![if rank == 1 { (ranks * (ranks - 1) / 2) as f32 } else { rank as f32 }; 5]);
    // Rank r sends each rank as many numbers as that rank has before it.
    let counts: Vec<usize> = (0..ranks).collect();
    let (dealt, came) = driver.all_to_all_v(&vec![rank as f32; counts.iter().sum()], &counts).unwrap();
    assert_eq!(came, vec![rank; ranks]);
    assert_eq!(dealt, (0..ranks).flat_map(|from| vec![from as f32; rank]).collect::<Vec<_>>());
}

/// 100 MB as the driver sends them: to the next rank, and reduced over all.
fn large_floats(driver: &ProcessGroup) {
    const COUNT: usize = 25_000_003;
    let (rank, ranks) = (driver.rank(), driver.world_size());
    let content = |rank: u32| (0..COUNT).map(move |i| ((i % 1021) as u32 + rank) as f32);
    let before = (rank + ranks - 1) % ranks;
    let own: Vec<f32> = content(rank).collect();
    driver.send_f32((rank + 1) % ranks, 9, &own).unwrap();
    assert!(driver.recv_f32(before, 9).unwrap().into_iter().eq(content(before)), "100 MB from rank {before}");
    let mut sum = own;
    driver.all_reduce(&mut sum, ReduceKind::Sum).unwrap();
    let of_ranks = (ranks * (ranks - 1) / 2) as f32;
    let is_right = sum.iter().enumerate().all(|(i, &sum)| sum == (i % 1021) as f32 * ranks as f32 + of_ranks);
    assert!(is_right, "the sum of 100 MB");
}

/// Hidden states go from stage to stage, several under way, as pipelines have it.
fn relay(driver: &ProcessGroup) {
    let (rank, ranks) = (driver.rank(), driver.world_size());
    for step in 0..16 {
        let mut hidden = match rank {
            0 => vec![step as f32; 4096],
            _ => driver.recv_f32(rank - 1, step).unwrap(),
        };
        hidden.iter_mut().for_each(|value| *value += 1.0);
        if rank + 1 < ranks {
            driver.send_f32(rank + 1, step, &hidden).unwrap();
        } else {
            assert_eq!(hidden, vec![(step + ranks) as f32; 4096]);
        }
    }
}

/// 100 MB to the next rank, while as much comes from the one before.
fn large(transport: &Transport) {
    let (rank, ranks) = (transport.rank(), transport.world_size());
    let content = |rank: u32| -> Vec<u8> {
        let mut period: Vec<u8> = (0..=250).map(|i| i ^ rank as u8).collect();
        period = period.repeat(100_000_007 / period.len() + 1);
        period.truncate(100_000_007);
        period
    };
    transport.send_bytes((rank + 1) % ranks, 3, &content(rank)).unwrap();
    let before = (rank + ranks - 1) % ranks;
    assert!(transport.recv_bytes(before, 3).unwrap() == content(before), "100 MB from rank {before}");
}
