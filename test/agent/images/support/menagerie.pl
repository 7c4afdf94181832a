# Holds the kinds of memory and events that Python in its smallest form cannot, and writes a byte once it does.
use strict;
use warnings;
use Fcntl;
use POSIX ();

my (undef, undef, undef, undef, $machine) = POSIX::uname();
my %calls = (
    x86_64  => { read => 0,  mmap => 9,   inotify_init1 => 294, inotify_add_watch => 254, signalfd4 => 289 },
    aarch64 => { read => 63, mmap => 222, inotify_init1 => 26,  inotify_add_watch => 27,  signalfd4 => 74 },
);

sub call {
    my ($name, @arguments) = @_;
    my $result = syscall($calls{$machine}{$name}, @arguments);
    die "$name: $!" if $result == -1;
    return $result;
}

sysopen(my $random, '/dev/urandom', O_RDONLY) or die "urandom: $!";
my ($page, $shared, $private, $anonymous) = (4096, 1, 2, 32);

my $address = call('mmap', 0, 5 * $page, 3, $shared | $anonymous, -1, 0);
call('read', fileno($random), $address + $page, 2 * $page);
$address = call('mmap', 0, 64 * $page, 3, $private | $anonymous, -1, 0);
call('read', fileno($random), $address + $_ * $page, 16) for grep { $_ % 3 == 0 } 0 .. 63;
sysopen(my $file, '/work/mapped', O_RDWR | O_CREAT) or die "mapped: $!";
syswrite($file, 'm' x (3 * $page));
call('mmap', 0, 3 * $page, 3, $shared, fileno($file), 0);
$address = call('mmap', 0, 3 * $page, 3, $private, fileno($file), 0);
call('read', fileno($random), $address + $page, 16);

my ($create, $mode) = (01000, 0600);
my $segment = shmget(77, 8192, $create | $mode) // die "shmget: $!";
shmwrite($segment, 'in shared memory', 100, 16) or die "shmwrite: $!";
semget(78, 3, $create | $mode) // die "semget: $!";
my $queue = msgget(79, $create | $mode) // die "msgget: $!";
msgsnd($queue, pack('l! a*', 1, $_), 0) or die "msgsnd: $!" for 'short', 'a longer message';

my $watch = call('inotify_init1', 0);
call('inotify_add_watch', $watch, my $path = "/work\0", 2);
call('signalfd4', -1, my $mask = pack('Q', 1 << 11), 8, 0);

$| = 1;
print "\n";
sleep 100 while 1;
